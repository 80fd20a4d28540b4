//! `[[backend.fault]]`: what goes wrong in the embedded fleet, and when.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use weighbridge_mock::fault::{Fault, FaultRule, Share};

use super::BackendWritten;
use super::error::ConfigError;
use super::parse::Source;

/// `[[backend.fault]]`. Without `share`, numbers or times, every request is struck.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultWritten {
    /// What happens.
    pub(crate) kind: FaultKind,
    /// Only requests for this model of the fleet (`nano`, `small`, `medium`, `large`); all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// Share of the requests that is struck, from 0 to 1, chosen by their content and the seed: the
    /// same ones for every policy and in every run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share: Option<f64>,
    /// With `share`: whether a request that is tried again is struck again, as in an outage that
    /// outlasts every retry. Otherwise each try has a fate of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sticky: bool,
    /// Number of the first request struck, from 1, in order of arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first: Option<u64>,
    /// From the first one on, every so many requests; every one if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<u64>,
    /// Number of the last request struck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<u64>,
    /// Seconds from the start of the run at which it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_s: Option<f64>,
    /// Seconds from the start of the run at which it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to_s: Option<f64>,
    /// Tokens before it happens, for `stall_stream`, `cut`, `error_event` and `malformed_json`; 2 if
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after_tokens: Option<usize>,
    /// Milliseconds of the delay, for `stall_headers` and `stall_stream` (1000 if absent) and for
    /// each token of `slow_stream` (50 if absent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    /// Seconds of `Retry-After`, for `rate_limit`; 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_s: Option<u64>,
    /// Factor on the reported tokens, for `wrong_usage`; 10 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) factor: Option<f64>,
    /// Bytes of the line, for `long_line`; 1 MiB if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<usize>,
}

/// `fault.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Status 429 with `Retry-After`.
    RateLimit,
    /// Status 500.
    ServerError,
    /// Status 503.
    Unavailable,
    /// The connection is closed without a response.
    HangUp,
    /// Status 307.
    Redirect,
    /// The response headers come late.
    StallHeaders,
    /// The stream stops for a while.
    StallStream,
    /// Every token comes late.
    SlowStream,
    /// The connection breaks in the middle of the answer.
    Cut,
    /// An error event inside a stream of status 200.
    ErrorEvent,
    /// The stream ends with a message that is no JSON.
    MalformedJson,
    /// The reported token counts are wrong.
    WrongUsage,
    /// A very long line without meaning comes before the answer.
    LongLine,
    /// The body begins with a byte-order mark.
    ByteOrderMark,
    /// Lines end with a lone carriage return.
    LoneCr,
    /// The body is compressed, though nobody asked for it.
    Compressed,
}

impl FaultWritten {
    fn fault(&self) -> Fault {
        let after_tokens = self.after_tokens.unwrap_or(2);
        let ms = |default| self.ms.unwrap_or(default);
        match self.kind {
            FaultKind::RateLimit => Fault::TooManyRequests {
                retry_after_s: self.retry_after_s.unwrap_or(1),
            },
            FaultKind::ServerError => Fault::ServerError,
            FaultKind::Unavailable => Fault::Unavailable,
            FaultKind::HangUp => Fault::HangUp,
            FaultKind::Redirect => Fault::Redirect,
            FaultKind::StallHeaders => Fault::StallHeaders { ms: ms(1_000) },
            FaultKind::StallStream => Fault::StallStream {
                after_tokens,
                ms: ms(1_000),
            },
            FaultKind::SlowStream => Fault::SlowStream { ms: ms(50) },
            FaultKind::Cut => Fault::Cut { after_tokens },
            FaultKind::ErrorEvent => Fault::ErrorEvent { after_tokens },
            FaultKind::MalformedJson => Fault::MalformedJson { after_tokens },
            FaultKind::WrongUsage => Fault::WrongUsage {
                factor: self.factor.unwrap_or(10.0),
            },
            FaultKind::LongLine => Fault::LongLine {
                bytes: self.bytes.unwrap_or(1 << 20),
            },
            FaultKind::ByteOrderMark => Fault::ByteOrderMark,
            FaultKind::LoneCr => Fault::LoneCr,
            FaultKind::Compressed => Fault::Compressed,
        }
    }

    fn rule(&self, seed: u64) -> FaultRule {
        let ms = |seconds: f64| (seconds * 1e3) as u64;
        let by_number = self.first.is_some() || self.every.is_some() || self.last.is_some();
        FaultRule {
            tier: self.model.clone(),
            first: if by_number {
                self.first.unwrap_or(1)
            } else {
                0
            },
            every: if by_number {
                self.every.unwrap_or(1)
            } else {
                0
            },
            last: self.last,
            share: self.share.map(|of| Share {
                of,
                seed,
                sticky: self.sticky,
            }),
            window_ms: (self.from_s.is_some() || self.to_s.is_some()).then(|| {
                let from = self.from_s.map_or(0, ms);
                (from, self.to_s.map_or(u64::MAX, ms))
            }),
            fault: self.fault(),
        }
    }

    /// Numbers that the kind has no use for.
    fn useless(&self) -> Option<&'static str> {
        use FaultKind::{
            Cut, ErrorEvent, LongLine, MalformedJson, RateLimit, SlowStream, StallHeaders,
            StallStream, WrongUsage,
        };
        let kind = self.kind;
        let late = matches!(kind, StallHeaders | StallStream | SlowStream);
        let middle = matches!(kind, StallStream | Cut | ErrorEvent | MalformedJson);
        let given = [
            ("after_tokens", self.after_tokens.is_some(), middle),
            ("ms", self.ms.is_some(), late),
            (
                "retry_after_s",
                self.retry_after_s.is_some(),
                kind == RateLimit,
            ),
            ("factor", self.factor.is_some(), kind == WrongUsage),
            ("bytes", self.bytes.is_some(), kind == LongLine),
        ];
        let useless = given.into_iter().find(|(_, given, used)| *given && !used);
        useless.map(|(key, ..)| key)
    }
}

impl BackendWritten {
    /// The faults of the embedded fleet, their shares drawn from `seed`.
    pub(crate) fn fault_rules(&self, seed: u64) -> Vec<FaultRule> {
        // Each rule draws for itself: of two with the same seed, the smaller share lies inside the
        // larger one and would never strike.
        let faults = (0u64..).zip(&self.faults);
        faults
            .map(|(i, fault)| fault.rule(seed.wrapping_add(i)))
            .collect()
    }
}

/// Checks one fault on its own; `span` is its backend's.
pub(super) fn check(
    source: Source<'_>,
    span: &Range<usize>,
    fault: &FaultWritten,
) -> Result<(), ConfigError> {
    let wrong = |problem: String| Err(source.at(span, format!("[[backend.fault]]: {problem}")));
    if let Some(key) = fault.useless() {
        let kind = serde_json::to_value(fault.kind).unwrap_or_default();
        return wrong(format!(
            "`{}` has no `{key}`",
            kind.as_str().unwrap_or_default()
        ));
    }
    if let Some(share) = fault.share
        && !(0.0..=1.0).contains(&share)
    {
        return wrong(format!("`share` is {share}; it must be from 0 to 1"));
    }
    if fault.sticky && fault.share.is_none() {
        return wrong("`sticky` says something about a `share`, and there is none".to_owned());
    }
    for (key, number) in [("first", fault.first), ("every", fault.every)] {
        if number == Some(0) {
            return wrong(format!("`{key}` is 0; requests are counted from 1"));
        }
    }
    let times = [
        ("from_s", fault.from_s),
        ("to_s", fault.to_s),
        ("factor", fault.factor),
    ];
    for (key, number) in times {
        if number.is_some_and(|n| !n.is_finite() || n < 0.0) {
            return wrong(format!("`{key}` must be at least 0"));
        }
    }
    let known = weighbridge_mock::builtin_tiers();
    if let Some(model) = &fault.model
        && !known.iter().any(|tier| &tier.name == model)
    {
        let names: Vec<_> = known.iter().map(|tier| tier.name.as_str()).collect();
        let names = names.join(", ");
        return wrong(format!("the fleet has no model `{model}`; it has {names}"));
    }
    Ok(())
}
