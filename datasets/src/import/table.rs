//! A CSV file with named columns.

use csv::{Reader, ReaderBuilder, StringRecord};

use super::source::Source;
use crate::{DataError, DataErrorKind};

/// A CSV text that is read record by record.
pub(crate) struct Table<'a> {
    source: &'a Source,
    reader: Reader<&'a [u8]>,
    header: Vec<String>,
    record: StringRecord,
}

impl<'a> Table<'a> {
    /// Reads the header line.
    pub(crate) fn new(source: &'a Source) -> Result<Self, DataError> {
        let mut reader = ReaderBuilder::new().from_reader(source.text().as_bytes());
        let header = reader.headers().map_err(|e| csv_error(source, &e))?;
        let header: Vec<String> = header.iter().map(str::to_owned).collect();
        Ok(Self {
            source,
            reader,
            header,
            record: StringRecord::new(),
        })
    }

    /// Names of the columns in file order.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Position of a column.
    pub(crate) fn column(&self, name: &str) -> Result<usize, DataError> {
        self.header.iter().position(|h| h == name).ok_or_else(|| {
            self.source
                .error(1, DataErrorKind::MissingColumn(name.to_owned()))
                .with_hint(format!("the columns of this file are {:?}", self.header))
        })
    }

    /// The next record with the line where it starts.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, &StringRecord)>, DataError> {
        let more = self
            .reader
            .read_record(&mut self.record)
            .map_err(|e| csv_error(self.source, &e))?;
        let line = self.record.position().map_or(0, csv::Position::line);
        Ok(more.then_some((line, &self.record)))
    }
}

fn csv_error(source: &Source, error: &csv::Error) -> DataError {
    let line = error.position().map_or(1, csv::Position::line);
    source
        .error(line, DataErrorKind::Csv(error.to_string()))
        .with_hint("quote fields that hold commas, quotes or line breaks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_know_the_line_they_start_on() {
        let source = Source::of_text("t.csv", "a,b\n\"x\ny\",1\nz,2\n");
        let mut table = Table::new(&source).unwrap();
        assert_eq!(table.next().unwrap().unwrap().0, 2);
        let (line, record) = table.next().unwrap().unwrap();
        assert_eq!((line, &record[0]), (4, "z"));
        assert!(table.next().unwrap().is_none());
    }

    #[test]
    fn a_missing_column_lists_the_columns() {
        let source = Source::of_text("t.csv", "a,b\n");
        let error = Table::new(&source).unwrap().column("c").unwrap_err();
        assert_eq!(error.to_string(), "t.csv:1: missing column `c`");
        assert!(error.hint().unwrap().contains("\"a\", \"b\""));
    }

    #[test]
    fn a_short_record_is_named() {
        let source = Source::of_text("t.csv", "a,b\n1,2\n3\n");
        let mut table = Table::new(&source).unwrap();
        table.next().unwrap();
        let error = table.next().unwrap_err();
        assert!(error.to_string().starts_with("t.csv:3: invalid CSV"));
    }
}
