//! Rules with their request counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Fault, FaultRule};

/// What a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The tier asked for.
    pub tier: &'a str,
    /// Hash of the conversation.
    pub content: u64,
    /// Hash of whatever tells one asker of the same content from another (a cache namespace).
    pub asker: u64,
    /// How often this asker has asked this content of this tier before.
    pub nth: u64,
    /// Milliseconds since the fleet started.
    pub elapsed_ms: u64,
}

/// Rules with their request counts. The first rule that strikes wins; every rule counts.
#[derive(Debug)]
pub struct FaultScript {
    rules: Vec<FaultRule>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    counts: Vec<u64>,
    /// How often each content was asked, where a rule wants to know.
    asked: BTreeMap<(String, u64, u64), u64>,
}

impl FaultScript {
    /// A script at its beginning.
    pub fn new(rules: Vec<FaultRule>) -> Self {
        let state = Mutex::new(State {
            counts: vec![0; rules.len()],
            asked: BTreeMap::new(),
        });
        Self { rules, state }
    }

    /// Whether nothing ever goes wrong.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Counts one request and says what happens to it; its `nth` is filled in here.
    pub fn next(&self, mut asking: Asking<'_>) -> Option<Fault> {
        if self.rules.is_empty() {
            return None;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.rules.iter().any(|rule| rule.share.is_some()) {
            let key = (asking.tier.to_owned(), asking.content, asking.asker);
            let asked = state.asked.entry(key).or_default();
            asking.nth = *asked;
            *asked += 1;
        }
        let mut struck = None;
        for (rule, count) in self.rules.iter().zip(state.counts.iter_mut()) {
            if rule.tier.as_deref().is_some_and(|t| t != asking.tier) {
                continue;
            }
            *count += 1;
            if struck.is_none() && rule.strikes(*count, &asking) {
                struck = Some(rule.fault);
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::super::Share;
    use super::*;

    fn asking(tier: &str, content: u64) -> Asking<'_> {
        Asking {
            tier,
            content,
            asker: 0,
            nth: 0,
            elapsed_ms: 0,
        }
    }

    fn strikes(script: &FaultScript, tier: &str, n: usize) -> Vec<usize> {
        (1..=n)
            .filter(|i| script.next(asking(tier, *i as u64)).is_some())
            .collect()
    }

    #[test]
    fn every_third_request_is_struck() {
        let script = FaultScript::new(vec![FaultRule::every(3, Fault::ServerError)]);
        assert_eq!(strikes(&script, "small", 10), [3, 6, 9]);
    }

    #[test]
    fn a_single_strike_and_a_tier_filter() {
        let rule = FaultRule {
            tier: Some("large".into()),
            first: 2,
            ..FaultRule::always(Fault::Cut { after_tokens: 1 })
        };
        let script = FaultScript::new(vec![rule]);
        assert!(strikes(&script, "small", 5).is_empty());
        assert_eq!(strikes(&script, "large", 5), [2]);
    }

    #[test]
    fn the_first_rule_wins_and_all_count() {
        let script = FaultScript::new(vec![
            FaultRule::every(2, Fault::ServerError),
            FaultRule::every(2, Fault::Unavailable),
        ]);
        assert_eq!(script.next(asking("a", 1)), None);
        assert_eq!(script.next(asking("a", 2)), Some(Fault::ServerError));
    }

    #[test]
    fn an_outage_is_a_stretch_of_requests_or_of_time() {
        let rule = FaultRule {
            first: 3,
            every: 1,
            last: Some(5),
            ..FaultRule::always(Fault::Unavailable)
        };
        let script = FaultScript::new(vec![rule]);
        assert_eq!(strikes(&script, "a", 9), [3, 4, 5]);
        let rule = FaultRule {
            window_ms: Some((1_000, 2_000)),
            ..FaultRule::always(Fault::HangUp)
        };
        let script = FaultScript::new(vec![rule]);
        let at = |elapsed_ms| {
            script.next(Asking {
                elapsed_ms,
                ..asking("a", 1)
            })
        };
        assert_eq!([at(999), at(1_000), at(1_999), at(2_000)], {
            let hang_up = Some(Fault::HangUp);
            [None, hang_up, hang_up, None]
        });
    }

    #[test]
    fn a_share_strikes_contents_in_whatever_order_they_come() {
        let rule = |sticky| FaultRule {
            share: Some(Share {
                of: 0.3,
                seed: 1,
                sticky,
            }),
            ..FaultRule::always(Fault::Unavailable)
        };
        let struck = |order: &mut dyn Iterator<Item = u64>| -> Vec<u64> {
            let script = FaultScript::new(vec![rule(true)]);
            let mut struck: Vec<_> = order
                .filter(|c| script.next(asking("a", *c)).is_some())
                .collect();
            struck.sort_unstable();
            struck
        };
        let forth = struck(&mut (0..1_000));
        assert_eq!(forth, struck(&mut (0..1_000).rev()));
        assert!((250..350).contains(&forth.len()), "{}", forth.len());
        // A sticky fault outlasts retries; another one has a new draw for each.
        let again = |sticky| {
            let script = FaultScript::new(vec![rule(sticky)]);
            let tries = (0..20).map(|_| script.next(asking("a", forth[0])).is_some());
            tries.filter(|struck| *struck).count()
        };
        assert_eq!(again(true), 20);
        assert!((1..20).contains(&again(false)));
    }
}
