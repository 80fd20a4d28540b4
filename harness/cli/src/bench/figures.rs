//! Figures over rounds: medians with their ranges.

use serde::Serialize;

/// What a figure was measured under.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// Streams open at once.
    Streams(usize),
    /// Arrivals per second.
    Rate(u32),
}

/// One figure of this machine.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What it is, for scripts.
    pub(crate) name: &'static str,
    /// Streams open at once, in a closed loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) streams: Option<usize>,
    /// Arrivals per second, on a schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate_per_s: Option<u32>,
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
        load: Load,
        unit: &'static str,
        values: Vec<f64>,
    ) -> Option<Self> {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        let (streams, rate_per_s) = match load {
            Load::Streams(streams) => (Some(streams), None),
            Load::Rate(rate) => (None, Some(rate)),
        };
        Some(Self {
            name,
            streams,
            rate_per_s,
            unit,
            median: (low + high) / 2.0,
            min,
            max,
            values,
        })
    }
}

/// A measurement on a schedule that the client did not keep.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Invalid {
    /// Arrivals per second.
    pub(crate) rate_per_s: u32,
    /// Round, from 1.
    pub(crate) round: usize,
    /// Why, each with a remedy.
    pub(crate) problems: Vec<String>,
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
    /// Rounds on a schedule in which the client did not keep up: a run of that load would be invalid
    /// here.
    pub(crate) invalid: Vec<Invalid>,
}

impl Report {
    /// As a table for people.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!(
            "weighbridge {} on {} with {} processors, median of {} rounds\n\n{:<34}{:>10}{:>12}  {:<24}{}\n",
            self.weighbridge,
            self.platform,
            self.processors,
            self.rounds,
            "figure",
            "load",
            "median",
            "range",
            "unit"
        );
        for figure in &self.figures {
            let range = format!("{} to {}", short(figure.min), short(figure.max));
            let load = match (figure.streams, figure.rate_per_s) {
                (Some(streams), _) => format!("{streams} open"),
                (_, rate) => format!("{}/s", rate.unwrap_or(0)),
            };
            text += &format!(
                "{:<34}{load:>10}{:>12}  {range:<24}{}\n",
                figure.name,
                short(figure.median),
                figure.unit
            );
        }
        for invalid in &self.invalid {
            text += &format!(
                "\nat {}/s, round {}, a run would be invalid here: {}\n",
                invalid.rate_per_s,
                invalid.round,
                invalid.problems.join("; ")
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
        let figure = Figure::of("x", Load::Streams(1), "s", vec![3.0, 1.0, 2.0, 9.0]).unwrap();
        assert_eq!((figure.median, figure.min, figure.max), (2.5, 1.0, 9.0));
        assert_eq!(figure.values, [3.0, 1.0, 2.0, 9.0]);
        assert!(Figure::of("x", Load::Rate(5), "s", Vec::new()).is_none());
        assert_eq!(
            [short(12345.6), short(12.34), short(0.01234)],
            ["12346", "12.3", "0.012"]
        );
    }
}
