//! Tables whose columns hold one kind of number.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Names and grid values.
    Axis,
    /// Read from a clock.
    Measured,
    /// Computed.
    Modelled,
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// For axis columns.
    Axis(String),
    /// For measured columns.
    Measured(String),
    /// For modelled columns.
    Modelled(String),
    /// Nothing to show; fits any column.
    Empty,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Heading, with the unit.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, each as long as the columns.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell does not belong into its column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column:?} holds {kind:?} numbers only")]
pub struct Mixed {
    /// Heading of the column.
    pub column: String,
    /// What it holds.
    pub kind: Kind,
}

impl Table {
    /// An empty table; a column is a kind and a heading.
    pub fn new(columns: &[(Kind, &str)]) -> Self {
        let column = |(kind, name): &(Kind, &str)| Column {
            name: (*name).to_owned(),
            kind: *kind,
        };
        Self {
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When a measured number would come to stand among modelled ones, or the other way round.
    pub fn push(&mut self, row: Vec<Cell>) -> Result<(), Mixed> {
        for (cell, column) in row.iter().zip(&self.columns) {
            let fits = match cell {
                Cell::Axis(_) => column.kind == Kind::Axis,
                Cell::Measured(_) => column.kind == Kind::Measured,
                Cell::Modelled(_) => column.kind == Kind::Modelled,
                Cell::Empty => true,
            };
            if !fits {
                return Err(Mixed {
                    column: column.name.clone(),
                    kind: column.kind,
                });
            }
        }
        self.rows.push(row);
        Ok(())
    }
}

impl Cell {
    /// What is shown.
    pub fn text(&self) -> &str {
        match self {
            Self::Axis(s) | Self::Measured(s) | Self::Modelled(s) => s,
            Self::Empty => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_do_not_mix() {
        let mut t = Table::new(&[(Kind::Axis, "tier"), (Kind::Measured, "GB/s")]);
        let cell = |s: &str| Cell::Axis(s.to_owned());
        t.push(vec![cell("host"), Cell::Measured("55".to_owned())])
            .unwrap();
        t.push(vec![cell("nvme"), Cell::Empty]).unwrap();
        let mixed = t
            .push(vec![cell("disk"), Cell::Modelled("7".to_owned())])
            .unwrap_err();
        assert_eq!(mixed.column, "GB/s");
        assert_eq!(t.rows.len(), 2);
    }
}
