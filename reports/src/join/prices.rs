//! One price book for two runs.

use std::collections::BTreeMap;

use weighbridge_record::{Price, RunHeader, Trial};

/// Largest relative difference at which a recorded cost is taken for made by a price.
const SAME: f64 = 1e-9;

/// Prices calls of A by the price book of B, so that a changed price does not look like a saving.
#[derive(Debug, Default)]
pub(super) struct Reprice {
    /// Old and new price of each model whose price changed.
    changed: BTreeMap<String, (Price, Price)>,
    /// Models with a token price in one of the runs only.
    pub(super) one_sided: Vec<String>,
    /// Calls that were priced anew.
    pub(super) done: u64,
    /// Calls of such models whose recorded cost the old price does not explain; kept as recorded.
    pub(super) kept: u64,
}

impl Reprice {
    /// Compares the price books of two runs, over the models that are in both fleets.
    pub(super) fn between(a: &RunHeader, b: &RunHeader) -> Self {
        let mut reprice = Self::default();
        for old in &a.fleet {
            let Some(new) = b.fleet.iter().find(|m| m.name == old.name) else {
                continue;
            };
            match (old.price, new.price) {
                (Some(x), Some(y)) if x != y => {
                    reprice.changed.insert(old.name.clone(), (x, y));
                }
                (Some(_), None) | (None, Some(_)) => reprice.one_sided.push(old.name.clone()),
                _ => {}
            }
        }
        reprice
    }

    /// Models whose price changed.
    pub(super) fn models(&self) -> impl Iterator<Item = &str> {
        self.changed.keys().map(String::as_str)
    }

    /// Prices the calls of a trial of A. What decisions cost stays as it was.
    pub(super) fn apply(&mut self, trial: &mut Trial) {
        if self.changed.is_empty() {
            return;
        }
        for attempt in &mut trial.attempts {
            let Some((old, new)) = self.changed.get(&*attempt.model) else {
                continue;
            };
            let before = attempt.cost.total_usd;
            let explained = old.cost(&attempt.usage).total_usd;
            if before == 0.0 && explained != 0.0 || (before - explained).abs() > SAME * before.abs()
            {
                self.kept += 1;
                continue;
            }
            attempt.cost = new.cost(&attempt.usage);
            trial.cost_usd += attempt.cost.total_usd - before;
            self.done += 1;
        }
        // Rounding must not leave a free trial with a cost below nothing.
        trial.cost_usd = trial.cost_usd.max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::header::tests::{header, trial};
    use weighbridge_record::{Cost, PolicyRole};

    fn price(input: f64) -> Option<Price> {
        Some(Price {
            input_per_mtok_usd: input,
            ..Price::default()
        })
    }

    #[test]
    fn calls_get_the_new_price_and_lump_sums_stay() {
        let mut a = header(&[("x", PolicyRole::Other)]);
        let mut b = a.clone();
        a.fleet[0].price = price(1.0);
        b.fleet[0].price = price(3.0);
        b.fleet[1].price = price(3.0);
        let mut reprice = Reprice::between(&a, &b);
        assert_eq!(reprice.models().collect::<Vec<_>>(), ["small"]);
        assert_eq!(reprice.one_sided, ["big"]);

        let mut priced = trial("s", "x", "small", 1.0);
        priced.attempts[0].usage.input_tokens = Some(1_000_000);
        priced.attempts[0].cost = a.fleet[0].price.unwrap().cost(&priced.attempts[0].usage);
        // A decision cost 0.5 on top of the call.
        priced.cost_usd = 1.5;
        reprice.apply(&mut priced);
        assert!((priced.cost_usd - 3.5).abs() < 1e-12);

        let mut lump = trial("s", "x", "small", 1.0);
        lump.attempts[0].cost = Cost::lump(0.25);
        lump.cost_usd = 0.25;
        reprice.apply(&mut lump);
        assert_eq!(lump.cost_usd, 0.25);
        assert_eq!((reprice.done, reprice.kept), (1, 1));
    }
}
