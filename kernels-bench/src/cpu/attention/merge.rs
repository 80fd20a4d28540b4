//! Merging two partial results by their log-sum-exp.

/// Base of the logarithm that a log-sum-exp is kept in. FlashInfer keeps base 2, FlashAttention e.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogBase {
    /// e.
    Natural,
    /// 2.
    Two,
}

/// A partial result of one query and head.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Weighted mean of the values seen.
    pub v: Vec<f32>,
    /// Log-sum-exp of the scores seen; −∞ if none.
    pub lse: f32,
}

/// `s' = log(e^sa + e^sb)`, `v' = (va·e^sa + vb·e^sb)/(e^sa + e^sb)`, with the larger taken out first.
/// Two empty states merge to zeros with −∞, not NaN.
pub fn merge(a: &State, b: &State, base: LogBase) -> State {
    let top = a.lse.max(b.lse);
    if top == f32::NEG_INFINITY {
        return State {
            v: vec![0.0; a.v.len()],
            lse: top,
        };
    }
    let exp = |x: f32| match base {
        LogBase::Natural => (x - top).exp(),
        LogBase::Two => (x - top).exp2(),
    };
    let (wa, wb) = (exp(a.lse), exp(b.lse));
    let sum = wa + wb;
    let log = match base {
        LogBase::Natural => sum.ln(),
        LogBase::Two => sum.log2(),
    };
    // A weight of zero must silence even poison: an empty part's values were never written.
    let part = |weight: f32, v: f32| if weight == 0.0 { 0.0 } else { weight * v };
    let v =
        a.v.iter()
            .zip(&b.v)
            .map(|(x, y)| (part(wa, *x) + part(wb, *y)) / sum);
    State {
        v: v.collect(),
        lse: top + log,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(v: f32, lse: f32) -> State {
        State { v: vec![v], lse }
    }

    fn close(a: &State, b: &State) -> bool {
        (a.v[0] - b.v[0]).abs() < 1e-4 && (a.lse - b.lse).abs() < 1e-4
    }

    proptest! {
        #[test]
        fn commutes_and_associates(
            (a, b, c) in ((-9_f32..9.0, -20_f32..20.0), (-9_f32..9.0, -20_f32..20.0), (-9_f32..9.0, -20_f32..20.0))
        ) {
            for base in [LogBase::Natural, LogBase::Two] {
                let (a, b, c) = (state(a.0, a.1), state(b.0, b.1), state(c.0, c.1));
                prop_assert!(close(&merge(&a, &b, base), &merge(&b, &a, base)));
                let left = merge(&merge(&a, &b, base), &c, base);
                let right = merge(&a, &merge(&b, &c, base), base);
                prop_assert!(close(&left, &right), "{:?} {:?}", left, right);
            }
        }
    }

    #[test]
    fn empty_states() {
        let none = state(f32::NAN, f32::NEG_INFINITY);
        let some = state(3.0, 1.5);
        assert_eq!(merge(&none, &some, LogBase::Natural), some);
        assert_eq!(merge(&some, &none, LogBase::Two), some);
        let both = merge(&none, &none, LogBase::Natural);
        assert_eq!(both, state(0.0, f32::NEG_INFINITY));
    }
}
