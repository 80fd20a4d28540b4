//! BurstGPT traces: CSV with `Timestamp` (s), `Request tokens` and `Response tokens`, later releases
//! also `Session ID` (Wang et al., "BurstGPT: A Real-World Workload Dataset", 2024). Failed requests
//! have 0 response tokens.

use super::TraceRow;
use super::row::{in_order, seconds};
use crate::DataError;
use crate::import::{Source, Table};

pub(super) fn rows(source: &Source) -> Result<Vec<TraceRow>, DataError> {
    let mut table = Table::new(source)?;
    let at = table.column("Timestamp")?;
    let input = table.column("Request tokens")?;
    let output = table.column("Response tokens")?;
    let session = table.column("Session ID").ok();
    let mut rows = Vec::new();
    while let Some((line, record)) = table.next()? {
        let field = |column: usize| record.get(column).unwrap_or("").trim();
        let number = |column: usize, name: &str| {
            let parsed: Option<f64> = field(column).parse().ok();
            parsed.ok_or_else(|| {
                source.invalid(line, format!("{name} `{}` is not a number", field(column)))
            })
        };
        let session = session.map(field).filter(|id| !id.is_empty());
        rows.push(TraceRow {
            at_s: seconds(source, line, number(at, "Timestamp")?)?,
            input_tokens: number(input, "Request tokens")? as u32,
            output_tokens: number(output, "Response tokens")? as u32,
            blocks: Vec::new(),
            session: session.map(str::to_owned),
        });
    }
    in_order(source, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_releases_are_read() {
        let old = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
                   5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,1087,0,1087,API log\n";
        let rows_old = rows(&Source::of_text("b.csv", old)).unwrap();
        assert_eq!((rows_old[1].at_s, rows_old[1].output_tokens), (40.0, 0));
        assert_eq!(rows_old[0].session, None);
        let new = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
                   0.5,abc,1.2,GPT-4,10,20,30,Conversation log\n";
        assert_eq!(
            rows(&Source::of_text("b.csv", new)).unwrap()[0]
                .session
                .as_deref(),
            Some("abc")
        );
        let bad = old.replace("472", "many");
        let error = rows(&Source::of_text("b.csv", &bad))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("b.csv:2") && error.contains("many"),
            "{error}"
        );
    }
}
