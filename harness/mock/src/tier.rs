//! The tiers of the embedded fleet: one table of abilities and speeds.

use crate::ability::{Ability, Calendar, Reading, Style};
use crate::engine::EngineProfile;

/// A model of the fleet: a name on the wire, what it can do, and how fast its engine is.
#[derive(Clone, Debug, PartialEq)]
pub struct Tier {
    /// The `model` field that selects it.
    pub name: String,
    /// What it can do.
    pub ability: Ability,
    /// How fast it does it.
    pub engine: EngineProfile,
}

/// `nano`, `small`, `medium` and `large`, weakest first.
pub fn builtin_tiers() -> Vec<Tier> {
    [
        ("nano", nano(), profile(400_000.0, 4_000.0, 3.0, 64)),
        ("small", small(), profile(300_000.0, 3_000.0, 5.0, 64)),
        ("medium", medium(), profile(160_000.0, 1_800.0, 9.0, 64)),
        ("large", large(), profile(80_000.0, 1_000.0, 15.0, 48)),
    ]
    .into_iter()
    .map(|(name, ability, engine)| Tier {
        name: name.to_owned(),
        ability,
        engine,
    })
    .collect()
}

fn profile(prefill: f64, decode: f64, base_ms: f64, max_sequences: usize) -> EngineProfile {
    EngineProfile {
        prefill_tokens_per_s: prefill,
        decode_tokens_per_s: decode,
        base_ttft_ms: base_ms,
        max_sequences,
        cache_blocks: 4_096,
        costs: None,
    }
}

fn nano() -> Ability {
    Ability {
        style: Style::Terse,
        window_chars: 500,
        memory_turns: 1,
        precedence: false,
        max_operators: 2,
        product_digits: 4,
        known_units: 4,
        factor_digits: 2,
        calendar: Calendar::ThirtyDayMonths,
        phrasings: 1,
        corrections: false,
        signed_sort: false,
        max_items: 5,
        exact_count: 3,
        whole_words: false,
        max_clues: 1,
        max_rules: 1,
        reading: Reading::FirstKeyword,
        max_divisor: 3,
        format_focus_chars: usize::MAX,
        undo: false,
    }
}

fn small() -> Ability {
    Ability {
        window_chars: 1_500,
        memory_turns: 2,
        max_operators: 4,
        product_digits: 6,
        known_units: 9,
        factor_digits: 3,
        calendar: Calendar::NoLeapYears,
        phrasings: 2,
        max_items: 8,
        exact_count: 8,
        max_clues: 2,
        max_rules: 2,
        max_divisor: 5,
        ..nano()
    }
}

fn medium() -> Ability {
    Ability {
        style: Style::Sentence,
        window_chars: 4_000,
        memory_turns: 4,
        precedence: true,
        max_operators: 5,
        product_digits: 7,
        known_units: 14,
        factor_digits: 5,
        calendar: Calendar::JulianLeapYears,
        phrasings: 3,
        corrections: true,
        signed_sort: true,
        max_items: 16,
        exact_count: 16,
        whole_words: true,
        max_clues: 5,
        max_rules: 4,
        reading: Reading::SkipsSettled,
        max_divisor: 11,
        format_focus_chars: usize::MAX,
        undo: false,
    }
}

fn large() -> Ability {
    Ability {
        style: Style::Wordy,
        window_chars: 40_000,
        exact_count: 40,
        max_items: 40,
        max_rules: 12,
        reading: Reading::Overthinks,
        format_focus_chars: 400,
        ..Ability::full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_engines_get_slower_with_size() {
        let tiers = builtin_tiers();
        assert_eq!(
            tiers.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
            ["nano", "small", "medium", "large"]
        );
        for pair in tiers.windows(2) {
            let (a, b) = (&pair[0].engine, &pair[1].engine);
            assert!(a.prefill_tokens_per_s > b.prefill_tokens_per_s);
            assert!(a.decode_tokens_per_s > b.decode_tokens_per_s);
        }
    }
}
