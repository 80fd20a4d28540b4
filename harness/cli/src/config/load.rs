//! How requests come: what `[run]` says about it, checked and looked up.

use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use weighbridge_datasets::trace::{self, TraceFormat};
use weighbridge_engine::Settings;
use weighbridge_engine::arrivals::{Arrivals, Gaps, OpenLoop, Schedule, Stage, Think};
use weighbridge_engine::executor::{ClientLimits, Warmup};

use super::arrivals::{
    ArrivalsKind, ArrivalsWritten, ClientWritten, GapsWritten, StageWritten, ThinkKind,
    ThinkWritten,
};
use super::error::nearest;
use super::parse::Source;
use super::prefix::PrefixRule;
use super::written::RunWritten;
use crate::failure::Failure;

/// How requests come, looked up and checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Load {
    /// Absent in a closed loop.
    pub(crate) open_loop: Option<OpenLoop>,
    pub(crate) think: Option<Think>,
    pub(crate) warmup: Warmup,
    pub(crate) client: ClientLimits,
    /// Whether the client measures itself before the first trial.
    pub(crate) calibrate: bool,
    pub(crate) prefix: PrefixRule,
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
                Arrivals::Rate { .. } | Arrivals::Bursts { .. } => None,
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
            calibrate: run.client.calibrate.unwrap_or(true),
            prefix: PrefixRule::of(source, &run.prefix)?,
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
        ArrivalsKind::Burst => bursts(source, written)?,
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

/// Where a key stands that the kind does not have.
fn stranger<T>(key: &Option<Spanned<T>>, is_known: bool) -> Option<std::ops::Range<usize>> {
    key.as_ref().filter(|_| !is_known).map(Spanned::span)
}

/// Refuses keys that the kind does not have: they would be without effect.
fn strangers(source: Source<'_>, written: &ArrivalsWritten) -> Result<(), Failure> {
    use ArrivalsKind::{Burst, Closed, Constant, Gamma, Poisson, Ramp, Trace};
    let kind = *written.kind.get_ref();
    let gamma_gaps = (written.gaps.as_ref()).is_some_and(|g| *g.get_ref() == GapsWritten::Gamma);
    let keys = [
        (
            "rate_per_s",
            stranger(
                &written.rate_per_s,
                matches!(kind, Constant | Poisson | Gamma),
            ),
        ),
        (
            "burstiness",
            stranger(
                &written.burstiness,
                kind == Gamma || (kind == Ramp && gamma_gaps),
            ),
        ),
        ("gaps", stranger(&written.gaps, kind == Ramp)),
        ("stages", stranger(&written.stages, kind == Ramp)),
        ("size", stranger(&written.size, kind == Burst)),
        ("period_s", stranger(&written.period_s, kind == Burst)),
        ("path", stranger(&written.path, kind == Trace)),
        ("format", stranger(&written.format, kind == Trace)),
        ("time_scale", stranger(&written.time_scale, kind == Trace)),
        (
            "max_in_flight",
            stranger(&written.max_in_flight, kind != Closed),
        ),
    ];
    match keys.into_iter().find_map(|(key, span)| Some((key, span?))) {
        None => Ok(()),
        Some((key, span)) => {
            let message = format!("`{key}` has no effect on these arrivals");
            let hint = match key {
                "burstiness" => "it is for kind = \"gamma\", or a ramp with gaps = \"gamma\"",
                "rate_per_s" => {
                    "a ramp has its rates in `stages`, a trace in its file, a burst in `size` and `period_s`"
                }
                "max_in_flight" => "a closed loop has `run.concurrency`",
                "gaps" | "stages" => "it is for kind = \"ramp\"",
                "size" | "period_s" => "it is for kind = \"burst\"",
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
    if number > 0.0 && number <= 1e9 {
        Ok(number)
    } else {
        Err(source
            .at(&value.span(), "must be more than 0 and at most 1e9")
            .into())
    }
}

fn at_least_0(source: Source<'_>, value: &Spanned<f64>) -> Result<f64, Failure> {
    let number = *value.get_ref();
    if (0.0..=1e9).contains(&number) {
        Ok(number)
    } else {
        Err(source
            .at(&value.span(), "must be at least 0 and at most 1e9")
            .into())
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

fn bursts(source: Source<'_>, written: &ArrivalsWritten) -> Result<Arrivals, Failure> {
    let Some(size) = &written.size else {
        return Err(missing(source, written, "size", "32"));
    };
    let Some(period_s) = &written.period_s else {
        return Err(missing(source, written, "period_s", "10.0"));
    };
    if *size.get_ref() == 0 {
        let message = "`size` is 0; a burst has at least one trial";
        return Err(source.at(&size.span(), message).into());
    }
    Ok(Arrivals::Bursts {
        size: *size.get_ref(),
        period_s: positive(source, period_s)?,
    })
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
        (&mut limits.max_overhead_share, &written.max_overhead_share),
    ] {
        if let Some(value) = value {
            *limit = Some(positive(source, value)?);
        }
    }
    Ok(limits)
}
