//! The two date forms of HTTP headers, as seconds since 1970.

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110) or `1994-11-06T08:49:37.5Z` (RFC 3339), in seconds
/// since 1970.
pub(super) fn unix_seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.split_once(", ") {
        Some((_, rest)) => imf(rest),
        None => rfc3339(text),
    }
}

fn imf(text: &str) -> Option<f64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut parts = text.split(' ');
    let day = parts.next()?.parse().ok()?;
    let month = MONTHS.find(parts.next()?)? / 3 + 1;
    let year = parts.next()?.parse().ok()?;
    let seconds = clock(parts.next()?)?;
    (parts.next()? == "GMT").then(|| days(year, month as i64, day) as f64 * 86_400.0 + seconds)
}

fn rfc3339(text: &str) -> Option<f64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0.0),
        None => {
            let at = time.rfind(['+', '-'])?;
            let sign = if time[at..].starts_with('-') {
                -1.0
            } else {
                1.0
            };
            (&time[..at], sign * clock(&time[at + 1..])?)
        }
    };
    Some(days(year, month, day) as f64 * 86_400.0 + clock(time)? - offset)
}

/// `HH:MM` or `HH:MM:SS.f` in seconds.
fn clock(text: &str) -> Option<f64> {
    let mut parts = text.split(':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = match parts.next() {
        Some(seconds) => seconds?,
        None => 0.0,
    };
    Some(hours * 3600.0 + minutes * 60.0 + seconds)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (the usual civil-days formula: years
/// start in March, 146,097 days in 400 years).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777.0),
            ("1994-11-06T08:49:37Z", 784_111_777.0),
            ("1994-11-06T09:49:37.5+01:00", 784_111_777.5),
            ("2024-02-29T00:00:00Z", 1_709_164_800.0),
        ] {
            assert_eq!(unix_seconds(text), Some(seconds), "{text}");
        }
        for nonsense in [
            "",
            "soon",
            "12",
            "Sun, 06 Nov 1994",
            "1994-11-06",
            "x-y-zT1:2Z",
        ] {
            assert_eq!(unix_seconds(nonsense), None, "{nonsense}");
        }
    }
}
