//! How many samples would decide an open claim.

use super::Evidence;
use crate::stats::special::norm_quantile;

/// Chance of proof at the size named.
const POWER: f64 = 0.8;

/// Samples at which a loss of `margin` would probably be excluded at error rate `alpha`.
///
/// First if nothing changed: the larger of the size below which the gate's own test proves nothing
/// even without flips, and `(z_a + z_b)^2 f / m^2` with the flip rate seen. When that many are already
/// there, the loss seen is taken for real: `(z_a + z_b)^2 (f - d^2) / (m + d)^2`; none when it is at
/// the margin or beyond. Both grow with the design effect of clusters.
pub(crate) fn samples(evidence: &Evidence, margin: f64, alpha: f64) -> Option<u64> {
    let both = norm_quantile(1.0 - alpha) + norm_quantile(POWER);
    let (f, d) = (evidence.mean_square, evidence.mean);
    let inflate = evidence.design_effect();
    let least = evidence.least(margin, alpha);
    let unchanged = f64::max(least, both * both * f / (margin * margin) * inflate);
    if unchanged > evidence.n as f64 {
        return Some(unchanged.ceil() as u64);
    }
    let room = margin + d;
    if room <= 0.0 {
        return None;
    }
    let seen = (both * both * (f - d * d).max(0.0) / (room * room) * inflate).max(least);
    // Bounds other than the normal one may want more than is already there.
    Some((seen.ceil() as u64).max(evidence.n + 1))
}
