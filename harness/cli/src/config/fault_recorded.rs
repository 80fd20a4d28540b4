//! `[[fault]]`: what goes wrong in a replay of recorded outcomes, and when.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use weighbridge_engine::executor::RetryRule;
use weighbridge_engine::replay::{FaultSchedule, RecordedFault, RecordedFaultRule};
use weighbridge_policies::Fleet;

use super::Experiment;
use super::error::{ConfigError, nearest};
use super::parse::Source;

/// `[[fault]]`: in a replay, calls of recorded models that fail or are late. The first entry that
/// strikes a call counts. Every policy meets the same faults; failed tries are tried again
/// (`run.retries`) and waited for as in a live run. A recording has no clock: windows are stretches of
/// samples in the order in which they are judged. Without `share` and numbers, every call is struck.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedFaultWritten {
    /// What happens.
    pub(crate) kind: RecordedFaultKind,
    /// Only calls of this model; every model if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) model: Option<Spanned<String>>,
    /// Share of the samples that is struck, from 0 to 1, chosen by their ids and the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) share: Option<Spanned<f64>>,
    /// With `share`: whether each retry and each repeat is struck again, as in an outage that
    /// outlasts them; otherwise each has a fate of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sticky: bool,
    /// Number of the first sample struck, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub(crate) first: Option<Spanned<u64>>,
    /// From the first one on, every so many samples; every one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub(crate) every: Option<Spanned<u64>>,
    /// Number of the last sample struck.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub(crate) last: Option<Spanned<u64>>,
    /// Milliseconds: how long a failed try takes (0 if absent; `timeout` takes `run.timeout_s`, `cut`
    /// and `error_event` the recorded time up to there), or the delay of `slow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) ms: Option<Spanned<f64>>,
    /// Factor on the recorded times, for `slow`; 1 if absent. A call that then takes longer than
    /// `run.timeout_s` fails as a timeout.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) factor: Option<Spanned<f64>>,
    /// Seconds of `Retry-After`, for `rate_limit`; 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) retry_after_s: Option<Spanned<f64>>,
    /// Part of the answer that comes before it, from 0 to 1, for `cut` and `error_event`; 0.5 if
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) after_share: Option<Spanned<f64>>,
    /// Share of the recorded cost that a failed try is charged, from 0 to 1; nothing if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) cost_share: Option<Spanned<f64>>,
}

/// `fault.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordedFaultKind {
    /// Status 429 with `Retry-After`.
    RateLimit,
    /// Status 500.
    ServerError,
    /// Status 503.
    Unavailable,
    /// No connection can be made.
    Refused,
    /// Nothing comes within `run.timeout_s`.
    Timeout,
    /// The stream breaks off in the middle of the answer; not tried again.
    Cut,
    /// An error event inside a stream of status 200; not tried again.
    ErrorEvent,
    /// The answer comes late.
    Slow,
}

impl RecordedFaultWritten {
    fn rule(&self) -> RecordedFaultRule {
        let number = |of: &Option<Spanned<f64>>, default| of.as_ref().map_or(default, value);
        let after_share = number(&self.after_share, 0.5);
        let fault = match self.kind {
            RecordedFaultKind::RateLimit => RecordedFault::RateLimit {
                retry_after_ms: 1e3 * number(&self.retry_after_s, 1.0),
            },
            RecordedFaultKind::ServerError => RecordedFault::ServerError,
            RecordedFaultKind::Unavailable => RecordedFault::Unavailable,
            RecordedFaultKind::Refused => RecordedFault::Refused,
            RecordedFaultKind::Timeout => RecordedFault::Timeout,
            RecordedFaultKind::Cut => RecordedFault::Cut { after_share },
            RecordedFaultKind::ErrorEvent => RecordedFault::ErrorEvent { after_share },
            RecordedFaultKind::Slow => RecordedFault::Slow {
                factor: number(&self.factor, 1.0),
                delay_ms: number(&self.ms, 0.0),
            },
        };
        RecordedFaultRule {
            model: self.model.as_ref().map(|m| m.get_ref().as_str().into()),
            first: self.first.as_ref().map_or(1, value),
            every: self.every.as_ref().map_or(1, value),
            last: self.last.as_ref().map(value),
            share: self.share.as_ref().map(value),
            sticky: self.sticky,
            ms: self.ms.as_ref().map(value),
            cost_share: number(&self.cost_share, 0.0),
            fault,
        }
    }
}

fn value<T: Copy>(spanned: &Spanned<T>) -> T {
    *spanned.get_ref()
}

impl Experiment {
    /// What goes wrong in a replay.
    pub(crate) fn fault_schedule(&self) -> FaultSchedule {
        let timeout = Duration::try_from_secs_f64(self.run.timeout_s);
        FaultSchedule {
            rules: self.faults.iter().map(RecordedFaultWritten::rule).collect(),
            seed: self.seed,
            retry: RetryRule {
                max_retries: self.run.retries,
                ..RetryRule::default()
            },
            timeout: timeout.unwrap_or(Duration::MAX),
        }
    }
}

/// Checks all entries.
pub(super) fn checked(
    source: Source<'_>,
    is_live: bool,
    faults: Vec<Spanned<RecordedFaultWritten>>,
    fleet: &Fleet,
    samples: usize,
) -> Result<Vec<RecordedFaultWritten>, ConfigError> {
    if let Some(first) = faults.first().filter(|_| is_live) {
        return Err(source
            .at(
                &first.span(),
                "[[fault]] is for recorded outcomes, and this run is live",
            )
            .with_hint(
                "set run.mode = \"replay\", or let the embedded fleet fail: [[backend.fault]]",
            ));
    }
    for fault in &faults {
        strangers(source, fault)?;
        ranges(source, fault.get_ref())?;
        model(source, fault.get_ref(), fleet)?;
        strikes(source, fault, samples)?;
    }
    shadowed(source, &faults)?;
    Ok(faults.into_iter().map(Spanned::into_inner).collect())
}

/// Refuses keys that the kind does not have: they would be without effect.
fn strangers(source: Source<'_>, fault: &Spanned<RecordedFaultWritten>) -> Result<(), ConfigError> {
    use RecordedFaultKind::{Cut, ErrorEvent, RateLimit, Slow};
    let (span, fault) = (fault.span(), fault.get_ref());
    let kind = fault.kind;
    let place = |of: &Option<Spanned<f64>>| of.as_ref().map(Spanned::span);
    let keys = [
        ("factor", place(&fault.factor), kind == Slow),
        (
            "retry_after_s",
            place(&fault.retry_after_s),
            kind == RateLimit,
        ),
        (
            "after_share",
            place(&fault.after_share),
            matches!(kind, Cut | ErrorEvent),
        ),
        // A slow call is paid like any other.
        ("cost_share", place(&fault.cost_share), kind != Slow),
    ];
    for (key, place, is_known) in keys {
        if let Some(place) = place.filter(|_| !is_known) {
            let name = serde_json::to_value(kind).unwrap_or_default();
            let name = name.as_str().unwrap_or_default();
            return Err(source.at(&place, format!("a fault `{name}` has no `{key}`")));
        }
    }
    if fault.sticky && fault.share.is_none() {
        let problem = "`sticky` says something about a `share`, and there is none";
        return Err(source.at(&span, problem));
    }
    Ok(())
}

fn ranges(source: Source<'_>, fault: &RecordedFaultWritten) -> Result<(), ConfigError> {
    for (key, number) in [
        ("share", &fault.share),
        ("after_share", &fault.after_share),
        ("cost_share", &fault.cost_share),
    ] {
        if let Some(number) = number
            && !(0.0..=1.0).contains(number.get_ref())
        {
            let problem = format!("`{key}` is {:?}; it must be from 0 to 1", number.get_ref());
            return Err(source.at(&number.span(), problem));
        }
    }
    for (key, number) in [
        ("ms", &fault.ms),
        ("factor", &fault.factor),
        ("retry_after_s", &fault.retry_after_s),
    ] {
        if let Some(number) = number
            && !(0.0..=1e9).contains(number.get_ref())
        {
            let problem = format!(
                "`{key}` is {:?}; it must be from 0 to 1e9",
                number.get_ref()
            );
            return Err(source.at(&number.span(), problem));
        }
    }
    for (key, number) in [("first", &fault.first), ("every", &fault.every)] {
        if let Some(number) = number.as_ref().filter(|n| *n.get_ref() == 0) {
            let problem = format!("`{key}` is 0; samples are counted from 1");
            return Err(source.at(&number.span(), problem));
        }
    }
    let first = fault.first.as_ref().map_or(1, value);
    if let Some(last) = fault.last.as_ref().filter(|last| *last.get_ref() < first) {
        let problem = format!("`last` is {}, before the first one", last.get_ref());
        return Err(source.at(&last.span(), problem));
    }
    Ok(())
}

/// Refuses faults that nothing would be seen of: an outage that was not rehearsed looks like one that
/// was survived.
fn strikes(
    source: Source<'_>,
    fault: &Spanned<RecordedFaultWritten>,
    samples: usize,
) -> Result<(), ConfigError> {
    let (span, fault) = (fault.span(), fault.get_ref());
    if let Some(first) = (fault.first.as_ref()).filter(|first| *first.get_ref() > samples as u64) {
        let problem = format!("this fault strikes nothing: only {samples} samples are judged");
        return Err(source
            .at(&first.span(), problem)
            .with_hint("samples are counted from 1 in the order in which they are judged"));
    }
    if let Some(share) = fault.share.as_ref().filter(|share| *share.get_ref() == 0.0) {
        return Err(source.at(
            &share.span(),
            "this fault strikes nothing: its `share` is 0",
        ));
    }
    let is_as_recorded = fault.factor.as_ref().is_none_or(|f| *f.get_ref() == 1.0)
        && fault.ms.as_ref().is_none_or(|ms| *ms.get_ref() == 0.0);
    if fault.kind == RecordedFaultKind::Slow && is_as_recorded {
        return Err(source
            .at(&span, "this fault changes nothing")
            .with_hint("say how much later answers come: `factor`, or `ms`"));
    }
    Ok(())
}

/// Refuses a fault whose every call is struck by an earlier one.
fn shadowed(
    source: Source<'_>,
    faults: &[Spanned<RecordedFaultWritten>],
) -> Result<(), ConfigError> {
    for (at, fault) in faults.iter().enumerate() {
        let earlier = faults[..at]
            .iter()
            .find(|e| covers(e.get_ref(), fault.get_ref()));
        if let Some(earlier) = earlier {
            let line = super::position::position(source.text, earlier.span().start).line;
            let problem = format!(
                "this fault strikes nothing: the one in line {line} strikes all of its calls first"
            );
            return Err(source
                .at(&fault.span(), problem)
                .with_hint("the first fault that strikes a call counts; remove or reorder one"));
        }
    }
    Ok(())
}

/// Whether a fault strikes every call that another one may strike.
fn covers(fault: &RecordedFaultWritten, other: &RecordedFaultWritten) -> bool {
    let first = |fault: &RecordedFaultWritten| fault.first.as_ref().map_or(1, value);
    let last = |fault: &RecordedFaultWritten| fault.last.as_ref().map_or(u64::MAX, value);
    let model = fault.model.as_ref().map(Spanned::get_ref);
    fault
        .share
        .as_ref()
        .is_none_or(|share| *share.get_ref() == 1.0)
        && fault
            .every
            .as_ref()
            .is_none_or(|every| *every.get_ref() == 1)
        && model.is_none_or(|model| other.model.as_ref().is_some_and(|m| m.get_ref() == model))
        && first(fault) <= first(other)
        && last(fault) >= last(other)
}

fn model(
    source: Source<'_>,
    fault: &RecordedFaultWritten,
    fleet: &Fleet,
) -> Result<(), ConfigError> {
    let Some(model) = &fault.model else {
        return Ok(());
    };
    if fleet.get(model.get_ref()).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = fleet.models().iter().map(|m| &*m.name).collect();
    let hint = match nearest(model.get_ref(), names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the models are {}", names.join(", ")),
    };
    Err(source
        .at(
            &model.span(),
            format!("unknown model `{}`", model.get_ref()),
        )
        .with_hint(hint))
}
