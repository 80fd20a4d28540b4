//! Figures over rounds: medians with their ranges.

use serde::Serialize;

/// One figure of this machine.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What it is, for scripts.
    pub(crate) name: &'static str,
    /// Streams open at once.
    pub(crate) streams: usize,
    /// Unit of the numbers.
    pub(crate) unit: &'static str,
    /// Middle of the rounds; the mean of the middle two of an even number.
    pub(crate) median: f64,
    /// Smallest of the rounds.
    pub(crate) min: f64,
    /// Largest of the rounds.
    pub(crate) max: f64,
    /// Every round, in order.
    pub(crate) values: Vec<f64>,
}

impl Figure {
    /// `None` of no round.
    pub(crate) fn of(
        name: &'static str,
        streams: usize,
        unit: &'static str,
        values: Vec<f64>,
    ) -> Option<Self> {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self {
            name,
            streams,
            unit,
            median: (low + high) / 2.0,
            min,
            max,
            values,
        })
    }
}

/// Everything that `bench --self` found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// Version of this program.
    pub(crate) weighbridge: &'static str,
    /// Operating system and architecture.
    pub(crate) platform: String,
    /// Logical processors, shared by client and server.
    pub(crate) processors: usize,
    /// Rounds of every figure.
    pub(crate) rounds: usize,
    /// The figures.
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// As a table for people.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!(
            "weighbridge {} on {} with {} processors, median of {} rounds\n\n{:<34}{:>8}{:>12}  {:<24}{}\n",
            self.weighbridge,
            self.platform,
            self.processors,
            self.rounds,
            "figure",
            "streams",
            "median",
            "range",
            "unit"
        );
        for figure in &self.figures {
            let range = format!("{} to {}", short(figure.min), short(figure.max));
            text += &format!(
                "{:<34}{:>8}{:>12}  {range:<24}{}\n",
                figure.name,
                figure.streams,
                short(figure.median),
                figure.unit
            );
        }
        text
    }
}

/// Four digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        x if x >= 1000.0 => format!("{value:.0}"),
        x if x >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_with_its_range() {
        let figure = Figure::of("x", 1, "s", vec![3.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!((figure.median, figure.min, figure.max), (2.5, 1.0, 9.0));
        assert_eq!(figure.values, [3.0, 1.0, 2.0, 9.0]);
        assert!(Figure::of("x", 1, "s", Vec::new()).is_none());
        assert_eq!(
            [short(12345.6), short(12.34), short(0.01234)],
            ["12346", "12.3", "0.012"]
        );
    }
}
