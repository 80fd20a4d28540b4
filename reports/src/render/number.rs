//! How numbers are written. Rounding is for display only; nothing is decided on a rounded number.
//!
//! Scores and their differences lie in `[-1, 1]` and are written as points (hundredths), shares as
//! percentages, money in US dollars, time in milliseconds. Numbers that are not finite are written as
//! words, and a minus sign is U+2212 so that it has the width of a plus.

/// Written where there is no number.
pub(crate) const NONE: &str = "–";

/// Most decimals that are shown to tell a number from its limit.
const MOST_DECIMALS: usize = 6;

/// A number with this many decimals, with thousands separators and without a negative zero.
pub(crate) fn fixed(x: f64, decimals: usize) -> String {
    if x.is_nan() {
        return "not a number".to_owned();
    }
    if x.is_infinite() {
        return "unbounded".to_owned();
    }
    let plain = format!("{:.decimals$}", x.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut out = String::new();
    if x < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('−');
    }
    push_grouped(&mut out, whole);
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

fn push_grouped(out: &mut String, digits: &str) {
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
}

/// The same with a plus sign before positive numbers.
pub(crate) fn signed(x: f64, decimals: usize) -> String {
    let text = fixed(x, decimals);
    let zero = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if x > 0.0 && x.is_finite() && !zero {
        format!("+{text}")
    } else {
        text
    }
}

/// A whole number with thousands separators.
pub(crate) fn count(n: u64) -> String {
    let mut out = String::new();
    push_grouped(&mut out, &n.to_string());
    out
}

/// A score or a loss in points, without a sign for positive numbers: `0.834` is `83.4`.
pub(crate) fn points(x: f64) -> String {
    fixed(100.0 * x, 1)
}

/// A difference of scores in points, signed: `-0.012` is `−1.2`.
pub(crate) fn signed_points(x: f64) -> String {
    signed(100.0 * x, 1)
}

/// A share as a percentage.
pub(crate) fn percent(x: f64) -> String {
    format!("{}%", fixed(100.0 * x, 1))
}

/// A margin in points: no more decimals than it has.
pub(crate) fn margin(x: f64) -> String {
    let text = fixed(100.0 * x, MOST_DECIMALS);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A bound on a loss in points, rounded up so that it never promises too much, with as many
/// decimals as it takes to stand on the same side of the margin as the number behind it.
pub(crate) fn bound(loss: f64, margin: f64) -> String {
    let up = |decimals: usize| {
        let unit = 10f64.powi(i32::try_from(decimals).unwrap_or(0));
        // A hair of slack keeps 0.05 at 5.0 instead of 5.1.
        (100.0 * loss * unit - 1e-9).ceil() / unit
    };
    let agrees = |decimals: &usize| loss > margin || up(*decimals) <= 100.0 * margin + 1e-9;
    let decimals = (1..MOST_DECIMALS).find(agrees).unwrap_or(MOST_DECIMALS);
    fixed(up(decimals), decimals)
}

/// US dollars: cents from one dollar on, three significant digits below.
pub(crate) fn usd(x: f64) -> String {
    if !x.is_finite() {
        return fixed(x, 0);
    }
    let sign = if x < 0.0 { "−" } else { "" };
    let x = x.abs();
    let digits = if x >= 1000.0 || x == 0.0 {
        fixed(x, 0)
    } else if x >= 1.0 {
        fixed(x, 2)
    } else {
        significant(x, 3)
    };
    format!("{sign}${digits}")
}

/// This many significant digits, at most twelve decimals.
fn significant(x: f64, digits: i32) -> String {
    let magnitude = x.abs().log10().floor();
    let decimals = (f64::from(digits) - 1.0 - magnitude).clamp(0.0, 12.0);
    // A non-negative integer of at most 12 by the clamp.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=12"
    )]
    let decimals = decimals as usize;
    fixed(x, decimals)
}

/// Milliseconds, as microseconds or seconds where those read better.
pub(crate) fn millis(ms: f64) -> String {
    let size = ms.abs();
    if !ms.is_finite() {
        fixed(ms, 0)
    } else if size >= 10_000.0 {
        format!("{} s", fixed(ms / 1000.0, 1))
    } else if size >= 100.0 {
        format!("{} ms", fixed(ms, 0))
    } else if size >= 10.0 {
        format!("{} ms", fixed(ms, 1))
    } else if size >= 1.0 || ms == 0.0 {
        format!("{} ms", fixed(ms, 2))
    } else {
        format!("{} µs", fixed(1000.0 * ms, 0))
    }
}

/// A change of milliseconds, signed.
pub(crate) fn signed_millis(ms: f64) -> String {
    let text = millis(ms);
    if ms > 0.0 { format!("+{text}") } else { text }
}

/// A p-value: three decimals, and never 0.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0005 {
        "<0.001".to_owned()
    } else {
        fixed(p, 3)
    }
}

/// A confidence level: `0.95` is `95%`, `0.975` is `97.5%`.
pub(crate) fn level(x: f64) -> String {
    let text = fixed(100.0 * x, 2);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

/// A moment given in milliseconds since 1970: `2026-11-24 10:49 UTC`.
pub(crate) fn utc(unix_ms: u64) -> String {
    let moment = i64::try_from(unix_ms)
        .ok()
        .and_then(chrono::DateTime::from_timestamp_millis);
    moment.map_or_else(
        || NONE.to_owned(),
        |moment| moment.format("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_negative_numbers_are_not_minus_zero() {
        assert_eq!(signed_points(-0.0004), "0.0");
        assert_eq!(signed_points(0.0004), "0.0");
        assert_eq!(signed_points(-0.0006), "−0.1");
        assert_eq!(signed_points(0.012), "+1.2");
    }

    #[test]
    fn a_bound_is_rounded_up_and_stays_on_its_side_of_the_margin() {
        assert_eq!(bound(0.0312, 0.05), "3.2");
        assert_eq!(bound(0.04997, 0.05), "5.0");
        assert_eq!(bound(0.05, 0.05), "5.0");
        assert_eq!(bound(0.050_01, 0.05), "5.1");
        assert_eq!(bound(0.0521, 0.0525), "5.21");
        assert_eq!(margin(0.0525), "5.25");
        assert_eq!(margin(0.05), "5");
        assert_eq!(margin(0.1), "10");
    }

    #[test]
    fn money_keeps_sensible_digits() {
        assert_eq!(usd(0.0), "$0");
        assert_eq!(usd(12_345.6), "$12,346");
        assert_eq!(usd(3.1234), "$3.12");
        assert_eq!(usd(0.004_567), "$0.00457");
        assert_eq!(usd(0.000_000_123_4), "$0.000000123");
        assert_eq!(usd(-2.5), "−$2.50");
    }

    #[test]
    fn time_reads_in_its_natural_unit() {
        assert_eq!(millis(0.042), "42 µs");
        assert_eq!(millis(4.2), "4.20 ms");
        assert_eq!(millis(42.0), "42.0 ms");
        assert_eq!(millis(1420.4), "1,420 ms");
        assert_eq!(millis(14_200.0), "14.2 s");
        assert_eq!(millis(f64::INFINITY), "unbounded");
    }

    #[test]
    fn moments_are_dates() {
        assert_eq!(utc(1_795_513_567_141), "2026-11-24 09:46 UTC");
        assert_eq!(utc(u64::MAX), NONE);
    }

    #[test]
    fn levels_and_p_values() {
        assert_eq!(level(0.95), "95%");
        assert_eq!(level(0.975), "97.5%");
        assert_eq!(p_value(0.000_01), "<0.001");
        assert_eq!(p_value(0.0312), "0.031");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
