//! Whether the server's prefix cache found what the prompts share by design, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use weighbridge_datasets::trace::SharedPrefixes;
use weighbridge_engine::executor::PromptNonce;
use weighbridge_record::{Attempt, RunReader, Trial};

use crate::config::{Experiment, PrefixRule};
use crate::failure::Failure;

/// Hits and queries of the prefix cache of each backend that counts them, in tokens.
pub(super) type Counted = BTreeMap<String, (f64, f64)>;

/// What was found about all backends.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Finding {
    /// Notes of the run.
    pub(super) notes: BTreeMap<String, String>,
    /// Why the run is invalid, each with a remedy.
    pub(super) problems: Vec<String>,
    /// What the report warns of.
    pub(super) warnings: Vec<String>,
}

/// Share of a prompt that is missing in the cache before the report warns of it.
const WORTH_A_WARNING: f64 = 0.1;

/// Tokens that a chat template may put around a prompt, the same for all of them.
const MOST_TEMPLATE_TOKENS: f64 = 64.0;

/// A block of a cache: words and blocks need not begin at the same place.
const BLOCK_TOKENS: f64 = 16.0;

/// Holds what the servers found against the prompts that were sent to each, in the order in which they
/// were sent. Only synthetic prompts have a design; `resumed` runs are not judged, for calls that an
/// earlier part had under way when it ended are in the cache and not in the log.
pub(super) fn check(
    experiment: &Experiment,
    dir: &Path,
    nonce: Option<PromptNonce>,
    counted: &Counted,
    resumed: bool,
) -> Result<Finding, Failure> {
    let mut finding = Finding::default();
    if let Some(why) = unjudged(experiment, nonce, resumed) {
        if experiment.judged.samples().iter().any(|s| s.synthetic) {
            finding.note("client.prefix_check", format!("not checked: {why}"));
        }
        return Ok(finding);
    }
    let sent = sent(experiment, dir)?;
    let used: BTreeSet<&str> = sent.iter().map(|s| s.backend.as_str()).collect();
    for backend in used {
        let sent: Vec<&Sent> = sent.iter().filter(|s| s.backend == backend).collect();
        let seen = counted.get(backend).copied().or_else(|| said(&sent));
        let design = design(experiment, nonce, &sent);
        finding.take(&experiment.load.prefix, backend, sent.len(), design, seen);
    }
    Ok(finding)
}

/// Why nothing can be said.
fn unjudged(
    experiment: &Experiment,
    nonce: Option<PromptNonce>,
    resumed: bool,
) -> Option<&'static str> {
    let all = experiment.judged.samples().iter().all(|s| s.synthetic);
    match (all, nonce, resumed) {
        (false, ..) => Some("some prompts are not synthetic"),
        (true, None, _) => Some("prompts are sent as they are, so that caches may be warm"),
        (true, Some(_), true) => {
            Some("the run was resumed, and its own earlier calls are in the cache")
        }
        (true, Some(_), false) => None,
    }
}

/// A call that reached a server, as the log has it.
struct Sent {
    backend: String,
    model: Arc<str>,
    at_ms: f64,
    sample: usize,
    policy: Arc<str>,
    repeat: u32,
    /// Prompt tokens from the cache and all of them, where the answer says both.
    said: Option<(u64, u64)>,
}

/// All calls of the log in the order in which they were sent.
fn sent(experiment: &Experiment, dir: &Path) -> Result<Vec<Sent>, Failure> {
    let mut backends = BTreeMap::new();
    for model in &experiment.models {
        if let Some(backend) = &model.backend {
            backends.insert(model.name.as_str(), backend.as_str());
        }
    }
    let samples = experiment.judged.samples().iter().enumerate();
    let places: BTreeMap<&str, usize> = samples.map(|(i, s)| (s.id.as_str(), i)).collect();
    let mut sent = Vec::new();
    let mut reader = RunReader::open(dir)?;
    while let Some(at) = reader.next_trial()? {
        let Some(&sample) = places.get(&*at.trial.sample) else {
            continue;
        };
        for attempt in &at.trial.attempts {
            if let Some(&backend) = backends.get(&*attempt.model) {
                sent.extend(one(&at.trial, attempt, backend, sample));
            }
        }
    }
    sent.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
    Ok(sent)
}

fn one(trial: &Trial, attempt: &Attempt, backend: &str, sample: usize) -> Option<Sent> {
    let usage = &attempt.usage;
    Some(Sent {
        backend: backend.to_owned(),
        model: Arc::clone(&attempt.model),
        at_ms: trial.start_ms.unwrap_or(0.0) + attempt.sent_ms?,
        sample,
        policy: Arc::clone(&trial.policy),
        repeat: trial.repeat,
        said: usage.cache_read_tokens.zip(usage.total_input()),
    })
}

/// Hits and queries by the answers, where no answer is silent about them.
fn said(sent: &[&Sent]) -> Option<(f64, f64)> {
    let said: Option<Vec<(u64, u64)>> = sent.iter().map(|s| s.said).collect();
    let (hits, queries): (Vec<u64>, Vec<u64>) = said?.into_iter().unzip();
    let sum = |tokens: Vec<u64>| tokens.into_iter().sum::<u64>() as f64;
    Some((sum(hits), sum(queries)))
}

/// Words that these prompts share by design, and all words. Every model has a cache of its own.
fn design(experiment: &Experiment, nonce: Option<PromptNonce>, sent: &[&Sent]) -> (f64, f64) {
    let mut caches: BTreeMap<&str, SharedPrefixes> = BTreeMap::new();
    for call in sent {
        let front = nonce.map(|nonce| nonce.front(&call.policy, call.repeat));
        let messages = experiment.judged.samples()[call.sample].messages.iter();
        let texts = front.as_deref().into_iter();
        let texts = texts.chain(messages.map(|message| message.content.as_str()));
        caches.entry(&*call.model).or_default().push(texts);
    }
    let hits: u64 = caches.values().map(SharedPrefixes::hits).sum();
    let words: u64 = caches.values().map(SharedPrefixes::words).sum();
    (hits as f64, words as f64)
}

impl Finding {
    fn note(&mut self, key: impl Into<String>, value: String) {
        self.notes.insert(key.into(), value);
    }

    /// Judges one backend: `design` has words shared and all words, `seen` hits and queries in tokens.
    fn take(
        &mut self,
        rule: &PrefixRule,
        backend: &str,
        calls: usize,
        design: (f64, f64),
        seen: Option<(f64, f64)>,
    ) {
        let check = format!("server.{backend}.prefix_check");
        let designed = design.0 / design.1.max(1.0);
        self.note(
            format!("server.{backend}.prefix_designed_rate"),
            format!("{designed:.4}"),
        );
        let Some((hits, queries)) = seen.filter(|(_, queries)| *queries > 0.0) else {
            let silent = "not checked: the server does not count its prefix cache";
            return self.note(check, silent.to_owned());
        };
        let each = queries / calls.max(1) as f64;
        // Tokens that are no words of the prompts: the template, which all requests share.
        let template =
            ((queries - design.1) / calls.max(1) as f64).clamp(0.0, MOST_TEMPLATE_TOKENS);
        let slack = (template + BLOCK_TOKENS) / each;
        let observed = hits / queries;
        let verdict = if observed > designed + rule.max_excess + slack {
            self.problems.push(format!(
                "the prefix cache of backend `{backend}` held {:.1}% of the prompt tokens where the \
                 prompts share {:.1}% by design: it had seen these prompts before, or others use the \
                 server too; empty it (`flush_cache` of the backend, or start the server anew), and \
                 leave out run.prefix.nonce",
                100.0 * observed,
                100.0 * designed
            ));
            "more was found than the prompts share"
        } else {
            self.missing(rule, backend, designed, observed, slack)
                .unwrap_or("as designed")
        };
        self.note(check, verdict.to_owned());
    }

    /// What to say of a cache that found less than it could.
    fn missing(
        &mut self,
        rule: &PrefixRule,
        backend: &str,
        designed: f64,
        observed: f64,
        slack: f64,
    ) -> Option<&'static str> {
        let limit = rule.max_shortfall.unwrap_or(WORTH_A_WARNING);
        if observed + limit + slack >= designed {
            return None;
        }
        let text = format!(
            "the prefix cache of backend `{backend}` held {:.1}% of the prompt tokens where the prompts \
             share {:.1}% by design: it is off or too small, or requests that share came together; \
             give it more memory or lower the load, unless that is what is measured",
            100.0 * observed,
            100.0 * designed
        );
        match rule.max_shortfall {
            Some(_) => self.problems.push(text),
            None => self.warnings.push(text),
        }
        Some("less was found than the prompts share")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(rule: PrefixRule, design: (f64, f64), seen: Option<(f64, f64)>) -> Finding {
        let mut finding = Finding::default();
        finding.take(&rule, "b", 100, design, seen);
        finding
    }

    fn check_of(finding: &Finding) -> &str {
        &finding.notes["server.b.prefix_check"]
    }

    #[test]
    fn what_was_found_is_held_against_the_design() {
        let rule = PrefixRule::default();
        // 100 prompts of 600 words; 10 tokens of template around each.
        let fresh = judged(rule, (0.0, 60_000.0), Some((0.0, 61_000.0)));
        assert_eq!(check_of(&fresh), "as designed");
        // The template and a block of each are no prompts.
        let template = judged(rule, (0.0, 60_000.0), Some((2_600.0, 61_000.0)));
        assert!(template.problems.is_empty(), "{template:?}");
        let known = judged(rule, (0.0, 60_000.0), Some((59_200.0, 61_000.0)));
        assert!(known.problems[0].contains("97.0%"), "{known:?}");
        assert!(known.problems[0].contains("flush_cache"), "{known:?}");
        // Every tenth prompt was known.
        let some = judged(rule, (0.0, 60_000.0), Some((5_920.0, 61_000.0)));
        assert_eq!(some.problems.len(), 1, "{some:?}");
        // What is shared by design is no contamination.
        let shared = judged(rule, (30_000.0, 60_000.0), Some((30_000.0, 61_000.0)));
        assert_eq!(check_of(&shared), "as designed");
    }

    #[test]
    fn less_than_the_design_is_a_warning_unless_a_limit_is_set() {
        let rule = PrefixRule::default();
        let off = judged(rule, (30_000.0, 60_000.0), Some((0.0, 61_000.0)));
        assert!(
            off.problems.is_empty() && off.warnings.len() == 1,
            "{off:?}"
        );
        let strict = PrefixRule {
            max_shortfall: Some(0.05),
            ..rule
        };
        let off = judged(strict, (30_000.0, 60_000.0), Some((0.0, 61_000.0)));
        assert!(
            off.problems.len() == 1 && off.warnings.is_empty(),
            "{off:?}"
        );
    }

    #[test]
    fn a_silent_server_is_not_checked() {
        let rule = PrefixRule::default();
        for seen in [None, Some((0.0, 0.0))] {
            let silent = judged(rule, (0.0, 600.0), seen);
            assert!(check_of(&silent).starts_with("not checked"), "{silent:?}");
            assert!(silent.problems.is_empty());
        }
        // No call reached it.
        let mut none = Finding::default();
        none.take(&rule, "b", 0, (0.0, 0.0), None);
        assert_eq!(none.notes["server.b.prefix_designed_rate"], "0.0000");
    }
}
