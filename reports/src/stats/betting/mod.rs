//! Confidence sequences and e-values: valid at every sample size and under optional stopping.
//!
//! Common assumption: each new value has the hypothesised conditional mean given the past, as for
//! independent items in an order fixed before the outcomes are seen. Order items by a hash of their
//! id; never by outcome.

mod asymptotic;
mod calibrate;
mod discordant;
mod gain;
mod hedged;
mod loss_mixture;
mod noninferiority;
mod predmix;

pub use asymptotic::{asymptotic_cs, asymptotic_rho2, asymptotic_rho2_approximate};
pub use calibrate::{average, calibrate_integrated, calibrate_power};
pub use discordant::{discordant_jeffreys, discordant_losses};
pub use gain::GainBet;
pub use hedged::{Horizon, Looks, hedged_bets, hedged_capital};
pub use loss_mixture::LossMixture;
pub use noninferiority::{NonInferiorityBet, certified_lower};
pub use predmix::{predmix_empirical_bernstein, predmix_hoeffding};
