//! Family-wise control with e-values.

/// Closed testing with averages of e-values (Vovk and Wang 2021, "e-Holm"): hypothesis `i` gets the
/// smallest average of its e-value with any of the others; it is rejected when that reaches
/// `1/alpha`. Never less than Bonferroni gives, which asks for `e_i >= K/alpha`.
///
/// Takes and gives natural logarithms, since e-values of long runs do not fit a float. For
/// e-*processes* the family-wise error holds over all times together: the average over the true
/// hypotheses is itself an e-process, and a wrong rejection at any time needs it to reach `1/alpha`.
pub fn e_closure(log_e: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..log_e.len()).collect();
    order.sort_by(|&i, &j| log_e[i].total_cmp(&log_e[j]));
    log_e
        .iter()
        .enumerate()
        .map(|(i, &own)| {
            let mut smallest = own;
            let (mut sum, mut count) = (0.0, 1.0);
            // Everything relative to the own value; others that are larger only raise the average.
            for &j in order.iter().filter(|&&j| j != i) {
                if log_e[j] >= own {
                    break;
                }
                sum += (log_e[j] - own).exp();
                count += 1.0;
                smallest = f64::min(smallest, own + ((1.0 + sum) / count).ln());
            }
            smallest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All subsets, by brute force.
    fn slow(e: &[f64], i: usize) -> f64 {
        (0..1u32 << e.len())
            .filter(|set| set >> i & 1 == 1)
            .map(|set| {
                let members = || (0..e.len()).filter(move |j| set >> j & 1 == 1);
                members().map(|j| e[j]).sum::<f64>() / members().count() as f64
            })
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn the_short_cut_is_the_closure() {
        let e = [30.0, 0.2, 1.5, 400.0, 0.9, 1.5, 22.0];
        let logs: Vec<f64> = e.iter().map(|x: &f64| x.ln()).collect();
        for (i, got) in e_closure(&logs).into_iter().enumerate() {
            let known = slow(&e, i).ln();
            assert!((got - known).abs() < 1e-12, "{i}: {got} {known}");
            assert!(got >= (e[i] / 7.0).ln() && got <= logs[i]);
        }
    }

    #[test]
    fn huge_values_and_none_are_no_trouble() {
        assert!(e_closure(&[]).is_empty());
        let adjusted = e_closure(&[5000.0, 0.0, 0.0]);
        assert!((adjusted[0] - (5000.0 - 3f64.ln())).abs() < 1e-9);
    }
}
