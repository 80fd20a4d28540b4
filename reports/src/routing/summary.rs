//! The routing metrics of one policy.

use weighbridge_record::PolicyEntry;

use super::aiq::{CostRange, aiq_paper, aiq_released};
use super::apgr::{apgr, apgr_binned};
use super::cells::{Cells, Single};
use super::columns::{Column, mean};
use super::controls::{against, cost_matched_random, length_threshold};
use super::optimality::{Chosen, optimality};
use super::pair::Pair;
use super::{
    DeferralCurve, LEVEL, Point, arena_score, performance_gap_recovered, recover_over_tie_orders,
    share_to_recover,
};
use crate::model::{ControlCheck, Cpt, CurvePoint, RoutingSummary};
use crate::stats::StatsError;
use crate::table::{Arm, RunTable};

/// Parts of the gap at which the call-performance threshold is reported.
const RECOVERED: [f64; 4] = [0.2, 0.5, 0.8, 0.95];
/// Bins of published APGR tables.
const PUBLISHED_BINS: usize = 10;
/// Most points of a drawn curve, less one.
const DRAWN: usize = 200;

/// One policy over the cells it shares with the single models.
pub(super) struct Subject<'a> {
    pub(super) table: &'a RunTable,
    pub(super) entry: &'a PolicyEntry,
    pub(super) arm: &'a Arm,
    pub(super) singles: &'a [Single],
    pub(super) cells: &'a Cells,
    pub(super) pair: Pair,
    /// The policy's own values at the samples of `cells`.
    pub(super) column: Column,
    /// Per-label table of the same run: its name and its column over all samples.
    pub(super) label_table: Option<(&'a str, &'a Column)>,
    /// Costs of everything that is compared.
    pub(super) range: CostRange,
}

impl Subject<'_> {
    pub(super) fn summary(&self) -> Result<RoutingSummary, StatsError> {
        let (weak, strong) = (
            &self.cells.models[self.pair.weak],
            &self.cells.models[self.pair.strong],
        );
        let curve = self.curve()?;
        let spectrum = curve.as_ref().map(|c| self.spectrum(c));
        let optimal = self.optimality()?;
        Ok(RoutingSummary {
            policy: self.entry.name.clone(),
            weak: self.singles[self.pair.weak].model.clone(),
            strong: self.singles[self.pair.strong].model.clone(),
            strong_share: self.share_of(self.pair.strong),
            pgr: performance_gap_recovered(
                &self.column.quality,
                &weak.quality,
                &strong.quality,
                self.cells.clusters(),
                LEVEL,
            )?,
            apgr: curve.as_ref().and_then(apgr),
            apgr_10: curve.as_ref().and_then(|c| apgr_binned(c, PUBLISHED_BINS)),
            auc: curve.as_ref().map(DeferralCurve::area),
            cpt: curve
                .as_ref()
                .map(|c| self.thresholds(c))
                .unwrap_or_default(),
            aiq: spectrum.as_ref().and_then(|s| aiq_paper(s, self.range)),
            aiq_released: spectrum
                .as_ref()
                .and_then(|s| aiq_released(s, self.range.max)),
            arena: arena_score(mean(&self.column.quality), 1000.0 * mean(&self.column.cost)),
            opt_selection: optimal.selection,
            opt_cost: optimal.cost,
            opt_accuracy: optimal.accuracy,
            curve: curve.as_ref().map(drawn).unwrap_or_default(),
            controls: self.controls()?,
        })
    }

    /// The deferral curve, where every sample has a ranking score in its first repeat.
    fn curve(&self) -> Result<Option<DeferralCurve>, StatsError> {
        let rank = self.ranks();
        if rank.iter().any(|r| !r.is_finite()) {
            return Ok(None);
        }
        let (weak, strong) = (
            self.cells.models[self.pair.weak].view(),
            self.cells.models[self.pair.strong].view(),
        );
        DeferralCurve::with_costs(&rank, weak, strong).map(Some)
    }

    fn thresholds(&self, curve: &DeferralCurve) -> Vec<Cpt> {
        let (weak, strong) = (
            &self.cells.models[self.pair.weak].quality,
            &self.cells.models[self.pair.strong].quality,
        );
        let ranges = recover_over_tie_orders(&self.ranks(), weak, strong, &RECOVERED);
        let of = |(recovered, tie_range)| Cpt {
            recovered,
            share: share_to_recover(curve, recovered),
            tie_range,
        };
        RECOVERED.into_iter().zip(ranges).map(of).collect()
    }

    fn ranks(&self) -> Vec<f64> {
        let samples = self.cells.samples.iter();
        samples.map(|&i| self.arm.rank_score[i as usize]).collect()
    }

    /// The curve in the cost-quality plane; what deciding costs is added to every point.
    fn spectrum(&self, curve: &DeferralCurve) -> Vec<Point> {
        let deciding = self.arm.ledger.decisions.usd() / self.arm.trials.max(1) as f64;
        let corners = curve.vertices().iter();
        corners
            .map(|v| Point::new(v.cost + deciding, v.quality))
            .collect()
    }

    /// Trials at the samples of the cells: position in the arm and position in the cells.
    fn trials(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let n = self.table.samples().len();
        (0..self.table.repeats()).flat_map(move |repeat| {
            let samples = self.cells.samples.iter().enumerate();
            samples
                .map(move |(i, &sample)| (repeat * n + sample as usize, i))
                .filter(|(at, _)| self.arm.counted(*at).is_some())
        })
    }

    fn share_of(&self, single: usize) -> f64 {
        let fleet = Some(self.singles[single].fleet);
        let (mut hits, mut all) = (0u64, 0u64);
        for (at, _) in self.trials() {
            all += 1;
            hits += u64::from(self.arm.final_model(at) == fleet);
        }
        hits as f64 / all.max(1) as f64
    }

    /// Whether each trial is one call of either model of the pair.
    fn is_pair_router(&self) -> bool {
        let fleets = [self.pair.weak, self.pair.strong].map(|s| Some(self.singles[s].fleet));
        self.trials()
            .all(|(at, _)| self.arm.calls[at] == 1 && fleets.contains(&self.arm.final_model(at)))
    }

    fn optimality(&self) -> Result<super::Optimality, StatsError> {
        let mut positions = vec![None; self.table.header().fleet.len()];
        for (i, single) in self.singles.iter().enumerate() {
            positions[single.fleet] = Some(i);
        }
        let choice = |at: usize| Chosen {
            model: self.arm.final_model(at).and_then(|m| positions[m]),
            quality: self.arm.score[at],
            cost: self.arm.cost_usd[at],
        };
        let chosen: Vec<Chosen> = self.trials().map(|(at, _)| choice(at)).collect();
        if self.table.repeats() == 1 {
            // Every sample of the cells counts, so the rows are those of the cells.
            let views: Vec<_> = self.cells.models.iter().map(Column::view).collect();
            return optimality(&chosen, &views);
        }
        let picked: Vec<u32> = self.trials().map(|(_, i)| i as u32).collect();
        let models: Vec<Column> = self.cells.models.iter().map(|m| m.at(&picked)).collect();
        let views: Vec<_> = models.iter().map(Column::view).collect();
        optimality(&chosen, &views)
    }

    fn controls(&self) -> Result<Vec<ControlCheck>, StatsError> {
        let (cells, column) = (self.cells, &self.column);
        let best = (0..cells.means.len())
            .min_by(|&a, &b| {
                let (a, b) = (cells.means[a], cells.means[b]);
                b.quality
                    .total_cmp(&a.quality)
                    .then(a.cost.total_cmp(&b.cost))
            })
            .unwrap_or(self.pair.strong);
        let name = format!("always {}, the best single model", self.singles[best].model);
        let quality = &cells.models[best].quality;
        let mut checks = vec![against(cells, column, "best single", &name, quality)?];
        checks.extend(cost_matched_random(cells, column)?);
        let share = self
            .is_pair_router()
            .then(|| self.share_of(self.pair.strong));
        checks.push(length_threshold(cells, column, self.pair, share)?);
        checks.extend(self.label_table_check()?);
        let oracle = &cells.oracle.quality;
        let what = "the oracle, which knows the outcomes";
        checks.push(against(cells, column, "oracle", what, oracle)?);
        Ok(checks)
    }

    fn label_table_check(&self) -> Result<Option<ControlCheck>, StatsError> {
        let Some((name, table)) = self.label_table.filter(|t| t.0 != self.entry.name) else {
            return Ok(None);
        };
        let theirs = table.at(&self.cells.samples);
        if theirs.quality.iter().any(|q| q.is_nan()) {
            return Ok(None);
        }
        let [ours, cost] = [&self.column.cost, &theirs.cost].map(|c| 1000.0 * mean(c));
        let what = format!(
            "the per-label table {name}, at {} against {} US dollars per 1,000 requests",
            super::controls::dollars(ours),
            super::controls::dollars(cost)
        );
        against(
            self.cells,
            &self.column,
            "per-label table",
            &what,
            &theirs.quality,
        )
        .map(Some)
    }
}

fn drawn(curve: &DeferralCurve) -> Vec<CurvePoint> {
    let corners = curve.thinned(DRAWN).into_iter();
    corners
        .map(|v| CurvePoint {
            share: curve.share(&v),
            quality: v.quality,
        })
        .collect()
}
