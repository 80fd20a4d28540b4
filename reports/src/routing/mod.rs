//! Routing metrics: what a router is worth beside its models and beside trivial controls.
//!
//! Pure functions on slices first, one metric per file; [`analyse`] applies them to a run. In all of
//! them `quality` is a score in `[0, 1]`, `cost` is in US dollars (any unit works where only ratios
//! matter), entries of parallel slices describe the same sample, and the order of samples never
//! changes a result.
//!
//! * Ranking routers over a weak and a strong model: [`DeferralCurve`], [`apgr`], [`apgr_binned`],
//!   [`share_to_recover`], [`recover_over_tie_orders`], [`performance_gap_recovered`].
//! * The cost-quality plane: [`non_decreasing_hull`], [`aiq_paper`], [`aiq_released`], [`mix_at_cost`],
//!   [`oracle`], [`mean_distance_to_front`], [`willingness_to_pay_choice`].
//! * Leaderboard scores: [`arena_score`], [`optimality`], [`flip_rate`], [`gains`], [`best_operating`],
//!   [`relative_to_reference`], [`routing_entropy_bits`], [`incremental_benefit`],
//!   [`cost_savings_score`], [`routed_loss`].
//! * Controls: [`prefix_expectation`] (length threshold and random at the same share),
//!   [`paired_difference`].

mod aiq;
mod analyse;
mod apgr;
mod arena;
mod cells;
mod checks;
mod columns;
mod controls;
mod deferral;
mod difference;
mod distance;
mod entropy;
mod gains;
mod hull;
mod incremental;
mod length;
mod operating;
mod optimality;
mod oracle;
mod pair;
mod pgr;
mod plane;
mod recover;
mod reference;
mod robustness;
mod routed_loss;
mod savings;
mod summary;
mod willingness;
mod zero_router;

pub use aiq::{CostRange, aiq_paper, aiq_released};
pub use analyse::analyse;
pub use apgr::{apgr, apgr_binned};
pub use arena::{arena_score, arena_slopes};
pub use deferral::{DeferralCurve, Vertex};
pub use difference::{bounded_mean, paired_difference};
pub use distance::mean_distance_to_front;
pub use entropy::routing_entropy_bits;
pub use gains::{DatasetQuality, Gains, gains};
pub use hull::{Point, hull_area, hull_corners, hull_quality, non_decreasing_hull};
pub use incremental::{incremental_benefit, incremental_benefit_lift};
pub use length::prefix_expectation;
pub use operating::{BestOperating, best_operating};
pub use optimality::{Chosen, Optimality, optimality};
pub use oracle::{NoneCorrect, Oracle, oracle};
pub use pgr::performance_gap_recovered;
pub use recover::{recover_over_tie_orders, share_to_recover};
pub use reference::relative_to_reference;
pub use robustness::flip_rate;
pub use routed_loss::routed_loss;
pub use savings::cost_savings_score;
pub use willingness::willingness_to_pay_choice;
pub use zero_router::{Mix, mix_at_cost};

/// Two-sided confidence level of all intervals made here.
pub const LEVEL: f64 = 0.95;
