//! Shrunken slice differences, for display only: a shrunken value hides the one bad slice.

use crate::stats::shrinkage::{TauMethod, random_effects};

/// Normal-normal shrinkage of `(difference, standard error)` towards the common mean. `None` entries
/// are left out, and with fewer than two others nothing is shrunk.
pub(crate) fn shrunken(values: &[Option<(f64, f64)>]) -> Vec<Option<f64>> {
    let known = || values.iter().flatten();
    let y: Vec<f64> = known().map(|v| v.0).collect();
    let variance: Vec<f64> = known().map(|v| v.1 * v.1).collect();
    let Ok(fitted) = random_effects(&y, &variance, TauMethod::DerSimonianLaird) else {
        return vec![None; values.len()];
    };
    let mut shrunken = fitted.shrunken.into_iter();
    values
        .iter()
        .map(|v| v.and_then(|_| shrunken.next()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_move_towards_each_other_and_keep_their_places() {
        let values = [
            Some((-0.3, 0.05)),
            None,
            Some((0.1, 0.05)),
            Some((0.0, 0.02)),
        ];
        let out = shrunken(&values);
        assert_eq!(out[1], None);
        assert!(out[0].unwrap() > -0.3 && out[2].unwrap() < 0.1);
        assert!(out[0].unwrap() < out[3].unwrap());
    }

    #[test]
    fn one_slice_is_not_shrunk() {
        assert_eq!(shrunken(&[Some((0.1, 0.2)), None]), [None, None]);
    }
}
