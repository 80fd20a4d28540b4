//! Choice by willingness to pay (Hu et al. 2024, RouterBench).

/// Position of the model with the largest `lambda * quality - cost`; of equal ones the first.
/// `quality` and `cost` are predictions per model. `None` without models or where no value is a
/// number.
///
/// RouterBench sweeps 32 values of `lambda` from 1e-10 to 1e9. Its costs are per token, not per
/// request, so its values of lambda are on another scale than costs in US dollars.
pub fn willingness_to_pay_choice(quality: &[f64], cost: &[f64], lambda: f64) -> Option<usize> {
    let worth = quality.iter().zip(cost).map(|(q, c)| lambda * q - c);
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in worth.enumerate().filter(|(_, v)| !v.is_nan()) {
        if best.is_none_or(|(_, b)| value > b) {
            best = Some((i, value));
        }
    }
    best.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_willingness_buys_more_quality() {
        let (quality, cost) = ([0.5, 0.7, 0.9], [1.0, 2.0, 10.0]);
        let choose = |lambda| willingness_to_pay_choice(&quality, &cost, lambda);
        assert_eq!(choose(1.0), Some(0));
        assert_eq!(choose(10.0), Some(1));
        assert_eq!(choose(1e9), Some(2));
        assert_eq!(willingness_to_pay_choice(&[], &[], 1.0), None);
    }
}
