//! The true quality of tiers on generated tasks, without a network.

use super::build::GeneratedTask;
use crate::completion::{Limits, complete};
use crate::tier::Tier;
use std::collections::BTreeMap;

/// Right answers of one tier in one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualityRow {
    /// The family.
    pub family: String,
    /// The tier.
    pub tier: String,
    /// Right answers.
    pub right: usize,
    /// Answers.
    pub total: usize,
}

/// Answers every task with every tier and checks it, by family, then in the order of `tiers`.
pub fn quality(tasks: &[GeneratedTask], tiers: &[Tier]) -> Vec<QualityRow> {
    let mut rows: BTreeMap<(&str, usize), (usize, usize)> = BTreeMap::new();
    for task in tasks {
        for (i, tier) in tiers.iter().enumerate() {
            let text = complete(&task.messages, &tier.ability, Limits::default()).text();
            let row = rows.entry((task.family.as_str(), i)).or_default();
            row.0 += usize::from(task.target.accepts(&text));
            row.1 += 1;
        }
    }
    rows.into_iter()
        .map(|((family, i), (right, total))| QualityRow {
            family: family.to_owned(),
            tier: tiers[i].name.clone(),
            right,
            total,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quickstart::quickstart;
    use crate::target::GoldTarget;
    use crate::tier::builtin_tiers;

    fn share(rows: &[QualityRow], tier: &str, family: Option<&str>) -> f64 {
        let mine = rows
            .iter()
            .filter(|r| r.tier == tier && family.is_none_or(|f| r.family == f));
        let (right, total) = mine.fold((0, 0), |(r, t), row| (r + row.right, t + row.total));
        100.0 * right as f64 / total as f64
    }

    /// Prints the table with `--no-capture`.
    #[test]
    fn tiers_differ_as_promised() {
        for seed in [7, 8, 21] {
            tiers_differ(seed);
        }
    }

    fn tiers_differ(seed: u64) {
        let (tasks, tiers) = (quickstart(seed).test, builtin_tiers());
        let rows = quality(&tasks, &tiers);
        for by_family in rows.chunks(tiers.len()) {
            let cells = by_family.iter().map(|r| format!("{:>4}", r.right));
            let cells = cells.collect::<String>();
            println!(
                "{:<8} {:>4} {cells}",
                by_family[0].family, by_family[0].total
            );
        }
        let overall = |tier| share(&rows, tier, None);
        for tier in &tiers {
            println!("{:<8} {:.1} %", tier.name, overall(&tier.name));
        }
        assert!(overall("nano") < overall("small"));
        assert!((57.0..70.0).contains(&overall("small")));
        assert!((82.0..90.0).contains(&overall("medium")));
        assert!((96.0..99.6).contains(&overall("large")));
        assert!(share(&rows, "small", Some("order")) < 45.0);
        assert!(
            share(&rows, "small", Some("triage")) > share(&rows, "large", Some("triage")) - 6.0
        );
    }

    #[test]
    fn small_is_right_where_large_is_wrong_now_and_then() {
        let tiers = builtin_tiers();
        let right = |target: &GoldTarget, messages, tier: usize| {
            target.accepts(&complete(messages, &tiers[tier].ability, Limits::default()).text())
        };
        let upset = quickstart(7)
            .test
            .iter()
            .filter(|t| right(&t.target, &t.messages, 1) && !right(&t.target, &t.messages, 3))
            .count();
        assert!((3..40).contains(&upset), "{upset}");
    }

    /// Low certainty must mean something, and high certainty must not mean everything.
    #[test]
    fn certainty_of_small_is_informative_and_imperfect() {
        let small = &builtin_tiers()[1].ability;
        let (mut sure_right, mut sure, mut unsure_right, mut unsure) = (0, 0, 0, 0);
        for task in quickstart(7).test {
            let c = complete(&task.messages, small, Limits::default());
            let right = usize::from(task.target.accepts(&c.text()));
            let weakest = c.tokens.iter().map(|t| t.logprob).fold(0.0, f64::min);
            if weakest > 0.8_f64.ln() {
                (sure_right, sure) = (sure_right + right, sure + 1);
            } else {
                (unsure_right, unsure) = (unsure_right + right, unsure + 1);
            }
        }
        println!("sure {sure_right}/{sure}, unsure {unsure_right}/{unsure}");
        assert!(sure_right * 10 > sure * 7 && sure_right < sure);
        assert!(unsure > 100 && unsure_right * 10 < unsure * 5);
    }
}
