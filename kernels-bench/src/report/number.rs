//! Numbers for people.

/// Three significant digits, no exponent where avoidable.
pub(crate) fn short(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        "0".to_owned()
    } else if size >= 99.95 {
        format!("{x:.0}")
    } else if size >= 9.995 {
        format!("{x:.1}")
    } else if size >= 0.995 {
        format!("{x:.2}")
    } else if size >= 0.000_995 {
        format!("{x:.4}")
    } else {
        format!("{x:.1e}")
    }
}

/// A time in the unit that fits.
pub(super) fn time(ns: f64) -> String {
    if ns < 1e3 {
        format!("{} ns", short(ns))
    } else if ns < 1e6 {
        format!("{} µs", short(ns / 1e3))
    } else if ns < 1e9 {
        format!("{} ms", short(ns / 1e6))
    } else {
        format!("{} s", short(ns / 1e9))
    }
}

/// A share as per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", short(share * 100.0))
}

/// Bytes in binary units.
pub(crate) fn bytes(n: f64) -> String {
    if n >= (1 << 20) as f64 {
        format!("{} MiB", n / (1 << 20) as f64)
    } else {
        format!("{} KiB", n / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        let cases = [
            (1234.4, "1234"),
            (12.34, "12.3"),
            (1.2345, "1.23"),
            (0.01234, "0.0123"),
            (0.0, "0"),
        ];
        for (x, want) in cases {
            assert_eq!(short(x), want);
        }
        assert_eq!(time(1_500.0), "1.50 µs");
        assert_eq!(percent(0.856), "85.6%");
        assert_eq!(
            (bytes(32_768.0), bytes(2_097_152.0)),
            ("32 KiB".into(), "2 MiB".into())
        );
    }
}
