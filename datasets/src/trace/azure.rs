//! Azure LLM inference traces (2023 and 2024): CSV with `TIMESTAMP` (date and time, up to 100 ns),
//! `ContextTokens` and `GeneratedTokens` (Azure/AzurePublicDataset).

use super::TraceRow;
use super::row::in_order;
use crate::DataError;
use crate::import::{Source, Table};

pub(super) fn rows(source: &Source) -> Result<Vec<TraceRow>, DataError> {
    let mut table = Table::new(source)?;
    let at = table.column("TIMESTAMP")?;
    let input = table.column("ContextTokens")?;
    let output = table.column("GeneratedTokens")?;
    let mut rows = Vec::new();
    while let Some((line, record)) = table.next()? {
        let field = |column: usize| record.get(column).unwrap_or("").trim();
        let tokens = |column: usize, name: &str| {
            let parsed: Option<u32> = field(column).parse().ok();
            parsed.ok_or_else(|| {
                source.invalid(line, format!("{name} `{}` is not a count", field(column)))
            })
        };
        let at_s = date_s(field(at)).ok_or_else(|| {
            let what = format!("TIMESTAMP `{}` is not a date and time", field(at));
            source
                .invalid(line, what)
                .with_hint("as in 2023-11-16 18:15:46.6805900")
        })?;
        rows.push(TraceRow {
            at_s,
            input_tokens: tokens(input, "ContextTokens")?,
            output_tokens: tokens(output, "GeneratedTokens")?,
            blocks: Vec::new(),
            session: None,
        });
    }
    in_order(source, rows)
}

/// Seconds since 2000-01-01 of `YYYY-MM-DD HH:MM:SS.fff`, an offset from UTC left out: the 2024 trace
/// writes one, always the same. Exact to a microsecond.
fn date_s(text: &str) -> Option<f64> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let time = time.split(['+', 'Z']).next()?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut time = time.splitn(3, ':');
    let hours: f64 = time.next()?.parse().ok()?;
    let minutes: f64 = time.next()?.parse().ok()?;
    let seconds: f64 = time.next()?.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some((days(year, month, day) * 86_400) as f64 + 3_600.0 * hours + 60.0 * minutes + seconds)
}

/// Days since 2000-01-01 in the Gregorian calendar, by years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let year = year - 2000;
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
        + 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_across_months_and_leap_years() {
        assert_eq!(days(2000, 1, 1), 0);
        assert_eq!(days(2000, 3, 1), 60);
        assert_eq!(days(2001, 1, 1), 366);
        assert_eq!(days(2024, 2, 29) + 1, days(2024, 3, 1));
        assert_eq!(days(2023, 11, 17) - days(2023, 11, 16), 1);
    }

    #[test]
    fn both_years_are_read() {
        let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
                    2023-11-16 23:59:59.5000000,374,44\n2023-11-17 00:00:01.2500000,396,109\n";
        let read = rows(&Source::of_text("a.csv", text)).unwrap();
        assert!((read[1].at_s - 1.75).abs() < 1e-5, "{}", read[1].at_s);
        assert_eq!((read[0].input_tokens, read[1].output_tokens), (374, 109));
        let later =
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n";
        assert_eq!(rows(&Source::of_text("a.csv", later)).unwrap().len(), 1);
        let bad = text.replace("2023-11-17", "yesterday");
        let error = rows(&Source::of_text("a.csv", &bad)).unwrap_err();
        assert!(error.to_string().contains("a.csv:3"), "{error}");
    }
}
