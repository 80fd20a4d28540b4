//! Numbers in sentences. Bounds are rounded away from the claim, so that no sentence promises more
//! than the number behind it.

/// A share in points, at most two decimals: `0.05` is `5`.
pub(crate) fn points(share: f64) -> String {
    trimmed(100.0 * share)
}

/// A bound in points, rounded up to one decimal.
pub(crate) fn points_up(share: f64) -> String {
    // A hair of slack keeps 0.05 at 5 instead of 5.1.
    trimmed((1000.0 * share - 1e-9).ceil() / 10.0)
}

/// A confidence level in per cent: one-sided error rate `0.05` is `95 %`.
pub(crate) fn confidence(alpha: f64) -> String {
    format!("{}%", trimmed(100.0 * (1.0 - alpha)))
}

/// A share in per cent, rounded to one decimal.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

fn trimmed(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// `1 sample`, `2 samples`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_round_up_and_margins_stay_themselves() {
        assert_eq!(points(0.05), "5");
        assert_eq!(points(0.0025), "0.25");
        assert_eq!(points_up(0.0827), "8.3");
        assert_eq!(points_up(0.05), "5");
        assert_eq!(points_up(0.0501), "5.1");
        assert_eq!(confidence(0.05), "95%");
        assert_eq!(confidence(0.025), "97.5%");
        assert_eq!(points(-0.00001), "0");
    }
}
