//! `[run.arrivals]`, `[run.think]`, `[run.warmup]` and `[run.client]`: when requests come, and what the
//! client may get wrong.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use weighbridge_datasets::trace::{self, TraceFormat};
use weighbridge_engine::Settings;
use weighbridge_engine::arrivals::{Arrivals, Gaps, OpenLoop, Schedule, Stage, Think};
use weighbridge_engine::executor::{ClientLimits, Warmup};

use super::error::nearest;
use super::parse::Source;
use super::written::RunWritten;
use crate::failure::Failure;

/// `[run.arrivals]`: when requests are sent. A rate counts all policies together: each trial is one
/// arrival, or each conversation with `[run.think]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrivalsWritten {
    /// The process.
    #[cfg_attr(feature = "schema", schemars(with = "ArrivalsKind"))]
    pub(crate) kind: Spanned<ArrivalsKind>,
    /// Arrivals per second, for `constant`, `poisson` and `gamma`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) rate_per_s: Option<Spanned<f64>>,
    /// Shape of gamma gaps, more than 0: their coefficient of variation is 1/√burstiness, so that
    /// below 1 is burstier than `poisson`. For `gamma`, and for a `ramp` with such gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) burstiness: Option<Spanned<f64>>,
    /// Shape of the gaps of a `ramp`; `poisson` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<GapsWritten>"))]
    pub(crate) gaps: Option<Spanned<GapsWritten>>,
    /// Stages of a `ramp`; the last rate goes on to the end of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<StageWritten>>"))]
    pub(crate) stages: Option<Spanned<Vec<StageWritten>>>,
    /// File of a `trace`, relative to the experiment file. A longer trace than needed is cut, a
    /// shorter one is replayed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) path: Option<Spanned<String>>,
    /// Format of a `trace`: `mooncake`, `burstgpt` or `azure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) format: Option<Spanned<String>>,
    /// Factor on the times of a `trace`: 0.5 replays twice as fast. 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) time_scale: Option<Spanned<f64>>,
    /// Most trials under way at once, not for `closed`. Waiting for a place counts in every latency and
    /// is shown apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<usize>"))]
    pub(crate) max_in_flight: Option<Spanned<usize>>,
}

/// `run.arrivals.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArrivalsKind {
    /// The next request goes out when an answer ended, `run.concurrency` at once.
    Closed,
    /// Equal gaps.
    Constant,
    /// Exponential gaps.
    Poisson,
    /// Gamma gaps.
    Gamma,
    /// A rate in stages.
    Ramp,
    /// Recorded times.
    Trace,
}

/// `run.arrivals.gaps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum GapsWritten {
    /// Equal gaps.
    Constant,
    /// Exponential gaps.
    Poisson,
    /// Gamma gaps.
    Gamma,
}

/// A stage of a ramp.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct StageWritten {
    /// Arrivals per second at its start; the same as `rate_per_s` if absent, which makes a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_per_s: Option<f64>,
    /// Arrivals per second at its end.
    pub(crate) rate_per_s: f64,
    /// Its length in seconds.
    pub(crate) seconds: f64,
}

/// `[run.think]`: samples of one cluster are the turns of a conversation. Each is sent when the answer to
/// the one before has ended and the time to think is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ThinkWritten {
    /// How it varies.
    pub(crate) kind: ThinkKind,
    /// Its mean in seconds, at least 0.
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub(crate) mean_s: Spanned<f64>,
    /// Standard deviation of its logarithm, for `log_normal`; 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) sigma: Option<Spanned<f64>>,
}

/// `run.think.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThinkKind {
    /// Always the same.
    Constant,
    /// Exponential.
    Exponential,
    /// Log-normal.
    LogNormal,
}

/// `[run.warmup]`: the start of each part of a run, whose latencies are not counted. Scores and costs
/// are, and the load goes on without a break.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WarmupWritten {
    /// Trials, in the order in which they start.
    pub(crate) trials: u64,
    /// Seconds since the start.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) seconds: Option<Spanned<f64>>,
}

/// `[run.client]`: what the measuring client may get wrong before the run is invalid.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientWritten {
    /// Largest 99th percentile of the time by which trials start late, in milliseconds; 2 on a
    /// schedule, 20 in a closed loop.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_lag_ms: Option<Spanned<f64>>,
    /// Largest share of this machine's processors that the client may use, 0.8 if absent. Not judged
    /// beside an embedded backend, which runs in the same process.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_cpu_share: Option<Spanned<f64>>,
    /// Largest error of the rate of arrivals as a share, 0.01 if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_rate_error: Option<Spanned<f64>>,
    /// Largest error of the coefficient of variation of the gaps, 0.03 if absent; 0.1 is always allowed
    /// where gaps are equal.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_cv_error: Option<Spanned<f64>>,
    /// Largest Kolmogorov-Smirnov distance of sent and scheduled gaps, 0.1 if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_ks: Option<Spanned<f64>>,
}

/// How requests come, looked up and checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Load {
    /// Absent in a closed loop.
    pub(crate) open_loop: Option<OpenLoop>,
    pub(crate) think: Option<Think>,
    pub(crate) warmup: Warmup,
    pub(crate) client: ClientLimits,
    /// What of it decides the outcome of a run, for the hash of the experiment; absent in a plain
    /// closed loop.
    pub(crate) resolved: Option<serde_json::Value>,
}

impl Load {
    /// Reads what `[run]` says about it.
    pub(crate) fn of(source: Source<'_>, folder: &Path, run: &RunWritten) -> Result<Self, Failure> {
        let written = run.arrivals.as_ref().map(Spanned::get_ref);
        let open_loop = match written {
            Some(written) => open_loop(source, folder, written)?,
            None => None,
        };
        let think = run.think.as_ref().map(|t| think(source, t)).transpose()?;
        let time = match &run.warmup.seconds {
            Some(seconds) => Duration::from_secs_f64(at_least_0(source, seconds)?),
            None => Duration::ZERO,
        };
        let resolved = (open_loop.is_some() || think.is_some()).then(|| {
            let trace = open_loop.as_ref().and_then(|open| match &open.arrivals {
                Arrivals::Trace { at_s, .. } => Some(Schedule::new(at_s.to_vec()).hash()),
                Arrivals::Rate { .. } => None,
            });
            serde_json::json!({ "arrivals": written, "think": run.think, "trace": trace })
        });
        let is_open = open_loop.is_some();
        Ok(Self {
            open_loop,
            think,
            warmup: Warmup {
                trials: run.warmup.trials,
                time,
            },
            client: limits(source, &run.client, is_open)?,
            resolved,
        })
    }

    /// Puts it into the settings of a run.
    pub(crate) fn apply(&self, settings: Settings) -> Settings {
        Settings {
            open_loop: self.open_loop.clone(),
            think: self.think,
            warmup: self.warmup,
            client: self.client,
            ..settings
        }
    }
}

fn open_loop(
    source: Source<'_>,
    folder: &Path,
    written: &ArrivalsWritten,
) -> Result<Option<OpenLoop>, Failure> {
    strangers(source, written)?;
    let arrivals = match written.kind.get_ref() {
        ArrivalsKind::Closed => return Ok(None),
        ArrivalsKind::Constant => Arrivals::steady(rate(source, written)?, Gaps::Constant),
        ArrivalsKind::Poisson => Arrivals::steady(rate(source, written)?, Gaps::Exponential),
        ArrivalsKind::Gamma => Arrivals::steady(rate(source, written)?, gamma(source, written)?),
        ArrivalsKind::Ramp => ramp(source, written)?,
        ArrivalsKind::Trace => recorded(source, folder, written)?,
    };
    let max_in_flight = match &written.max_in_flight {
        Some(max) if *max.get_ref() == 0 => {
            return Err(source
                .at(
                    &max.span(),
                    "`max_in_flight` is 0; at least one trial must be allowed",
                )
                .into());
        }
        max => max.as_ref().map(|max| *max.get_ref()),
    };
    Ok(Some(OpenLoop {
        arrivals,
        max_in_flight,
    }))
}

/// Refuses keys that the kind does not have: they would be without effect.
fn strangers(source: Source<'_>, written: &ArrivalsWritten) -> Result<(), Failure> {
    use ArrivalsKind::{Closed, Constant, Gamma, Poisson, Ramp, Trace};
    let kind = *written.kind.get_ref();
    let gamma_gaps = (written.gaps.as_ref()).is_some_and(|g| *g.get_ref() == GapsWritten::Gamma);
    let span = |s: Option<std::ops::Range<usize>>, is_known: bool| s.filter(|_| !is_known);
    let keys = [
        (
            "rate_per_s",
            span(
                written.rate_per_s.as_ref().map(Spanned::span),
                matches!(kind, Constant | Poisson | Gamma),
            ),
        ),
        (
            "burstiness",
            span(
                written.burstiness.as_ref().map(Spanned::span),
                kind == Gamma || (kind == Ramp && gamma_gaps),
            ),
        ),
        (
            "gaps",
            span(written.gaps.as_ref().map(Spanned::span), kind == Ramp),
        ),
        (
            "stages",
            span(written.stages.as_ref().map(Spanned::span), kind == Ramp),
        ),
        (
            "path",
            span(written.path.as_ref().map(Spanned::span), kind == Trace),
        ),
        (
            "format",
            span(written.format.as_ref().map(Spanned::span), kind == Trace),
        ),
        (
            "time_scale",
            span(
                written.time_scale.as_ref().map(Spanned::span),
                kind == Trace,
            ),
        ),
        (
            "max_in_flight",
            span(
                written.max_in_flight.as_ref().map(Spanned::span),
                kind != Closed,
            ),
        ),
    ];
    match keys.into_iter().find_map(|(key, span)| Some((key, span?))) {
        None => Ok(()),
        Some((key, span)) => {
            let message = format!("`{key}` has no effect on these arrivals");
            let hint = match key {
                "burstiness" => "it is for kind = \"gamma\", or a ramp with gaps = \"gamma\"",
                "rate_per_s" => "a ramp has its rates in `stages`, a trace in its file",
                "max_in_flight" => "a closed loop has `run.concurrency`",
                "gaps" | "stages" => "it is for kind = \"ramp\"",
                _ => "it is for kind = \"trace\"",
            };
            Err(source.at(&span, message).with_hint(hint).into())
        }
    }
}

fn missing(source: Source<'_>, written: &ArrivalsWritten, key: &str, example: &str) -> Failure {
    source
        .at(&written.kind.span(), format!("these arrivals need `{key}`"))
        .with_hint(format!("for example {key} = {example}"))
        .into()
}

fn positive(source: Source<'_>, value: &Spanned<f64>) -> Result<f64, Failure> {
    let number = *value.get_ref();
    if number.is_finite() && number > 0.0 {
        Ok(number)
    } else {
        Err(source.at(&value.span(), "must be more than 0").into())
    }
}

fn at_least_0(source: Source<'_>, value: &Spanned<f64>) -> Result<f64, Failure> {
    let number = *value.get_ref();
    if (0.0..=1e9).contains(&number) {
        Ok(number)
    } else {
        Err(source.at(&value.span(), "must be at least 0").into())
    }
}

fn rate(source: Source<'_>, written: &ArrivalsWritten) -> Result<f64, Failure> {
    match &written.rate_per_s {
        Some(rate) => positive(source, rate),
        None => Err(missing(source, written, "rate_per_s", "50.0")),
    }
}

fn gamma(source: Source<'_>, written: &ArrivalsWritten) -> Result<Gaps, Failure> {
    match &written.burstiness {
        Some(burstiness) => Ok(Gaps::Gamma {
            burstiness: positive(source, burstiness)?,
        }),
        None => Err(missing(source, written, "burstiness", "0.5")),
    }
}

fn ramp(source: Source<'_>, written: &ArrivalsWritten) -> Result<Arrivals, Failure> {
    let Some(stages) = &written.stages else {
        let example = "[{ from_per_s = 10, rate_per_s = 100, seconds = 60 }]";
        return Err(missing(source, written, "stages", example));
    };
    let gaps = match written.gaps.as_ref().map(Spanned::get_ref) {
        Some(GapsWritten::Constant) => Gaps::Constant,
        Some(GapsWritten::Gamma) => gamma(source, written)?,
        Some(GapsWritten::Poisson) | None => Gaps::Exponential,
    };
    let stage = |s: &StageWritten| Stage {
        from_per_s: s.from_per_s.unwrap_or(s.rate_per_s),
        to_per_s: s.rate_per_s,
        seconds: s.seconds,
    };
    let arrivals = Arrivals::Rate {
        stages: stages.get_ref().iter().map(stage).collect(),
        gaps,
    };
    let checked = arrivals.check();
    checked.map_err(|error| source.at(&stages.span(), error.to_string()))?;
    Ok(arrivals)
}

fn recorded(
    source: Source<'_>,
    folder: &Path,
    written: &ArrivalsWritten,
) -> Result<Arrivals, Failure> {
    let Some(path) = &written.path else {
        return Err(missing(source, written, "path", "\"trace.jsonl\""));
    };
    let Some(format) = &written.format else {
        return Err(missing(source, written, "format", "\"mooncake\""));
    };
    let parsed: TraceFormat = format.get_ref().parse().map_err(|message: String| {
        let names = TraceFormat::ALL.map(TraceFormat::name);
        let error = source.at(&format.span(), message);
        match nearest(format.get_ref(), names) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        }
    })?;
    let rows = trace::read(parsed, &folder.join(path.get_ref()))?;
    let time_scale = written.time_scale.as_ref();
    Ok(Arrivals::Trace {
        at_s: rows.iter().map(|row| row.at_s).collect(),
        time_scale: time_scale.map_or(Ok(1.0), |scale| positive(source, scale))?,
    })
}

fn think(source: Source<'_>, written: &ThinkWritten) -> Result<Think, Failure> {
    let mean_s = at_least_0(source, &written.mean_s)?;
    if let Some(sigma) = written
        .sigma
        .as_ref()
        .filter(|_| written.kind != ThinkKind::LogNormal)
    {
        return Err(source
            .at(&sigma.span(), "`sigma` has no effect on this kind")
            .with_hint("it is for kind = \"log_normal\"")
            .into());
    }
    Ok(match written.kind {
        ThinkKind::Constant => Think::Constant { mean_s },
        ThinkKind::Exponential => Think::Exponential { mean_s },
        ThinkKind::LogNormal => Think::LogNormal {
            mean_s,
            sigma: match &written.sigma {
                Some(sigma) => at_least_0(source, sigma)?,
                None => 1.0,
            },
        },
    })
}

fn limits(
    source: Source<'_>,
    written: &ClientWritten,
    is_open: bool,
) -> Result<ClientLimits, Failure> {
    let mut limits = if is_open {
        ClientLimits::open_loop()
    } else {
        ClientLimits::default()
    };
    for (limit, value) in [
        (&mut limits.max_lag_ms, &written.max_lag_ms),
        (&mut limits.max_cpu_share, &written.max_cpu_share),
        (&mut limits.max_rate_error, &written.max_rate_error),
        (&mut limits.max_cv_error, &written.max_cv_error),
        (&mut limits.max_ks, &written.max_ks),
    ] {
        if let Some(value) = value {
            *limit = Some(positive(source, value)?);
        }
    }
    Ok(limits)
}
