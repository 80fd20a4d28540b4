//! How often a paraphrase changes the route (RouterArena's robustness is one minus this).

use super::checks::same_len;
use crate::stats::StatsError;

/// Share of requests whose chosen model differs between the prompt and its paraphrase, in `[0, 1]`.
///
/// A constant router flips never: read it beside [`routing_entropy_bits`](super::routing_entropy_bits).
///
/// # Errors
/// No pairs, or lists of different lengths.
pub fn flip_rate<T: PartialEq>(original: &[T], paraphrase: &[T]) -> Result<f64, StatsError> {
    same_len("original and paraphrase", original.len(), paraphrase.len())?;
    if original.is_empty() {
        return Err(StatsError::TooFew {
            what: "pairs of routes",
            got: 0,
            needed: 1,
        });
    }
    let flips = original.iter().zip(paraphrase).filter(|(a, b)| a != b);
    Ok(flips.count() as f64 / original.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_is_a_changed_model() {
        assert_eq!(
            flip_rate(&["a", "b", "a", "b"], &["a", "a", "a", "b"]),
            Ok(0.25)
        );
        assert!(flip_rate::<u8>(&[], &[]).is_err());
        assert!(flip_rate(&[1], &[1, 2]).is_err());
    }
}
