//! `weighbridge doctor`: call each backend once and say what works, at what cost.

use std::io::Write;

use serde_json::json;
use weighbridge_record::Exit;

use crate::args::DoctorArgs;
use crate::config::{self, Overrides};
use crate::failure::Failure;
use crate::live::checkup::{Checkup, State, check_up};

/// Checks every model that has a backend.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<Exit, Failure> {
    let overrides = Overrides {
        data: args.data.as_deref(),
        ..Overrides::default()
    };
    let experiment = config::load(&args.experiment, &overrides)?;
    if experiment.models.iter().all(|m| m.backend.is_none()) {
        return Err(Failure::config("no model of this experiment has a backend")
            .with_hint("a replay calls nobody; there is nothing to check"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::invalid(format!("cannot start the runtime: {e}")))?;
    let checkups = runtime.block_on(check_up(&experiment))?;
    let text = if args.json {
        let cost: f64 = checkups.iter().filter_map(|c| c.cost_usd).sum();
        let document = json!({ "cost_usd": cost, "models": checkups });
        format!("{document:#}\n")
    } else {
        shown(&checkups)
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Failure::invalid(format!("cannot write to standard output: {e}")))?;
    Ok(match checkups.iter().all(|c| c.ok) {
        true => Exit::Pass,
        false => Exit::Invalid,
    })
}

fn shown(checkups: &[Checkup]) -> String {
    let mut text = String::new();
    for checkup in checkups {
        let Checkup {
            model,
            backend,
            dialect,
            ..
        } = checkup;
        text += &format!("{model}  (backend {backend}, {dialect})\n");
        for check in &checkup.checks {
            let sign = match check.state {
                State::Ok => "ok",
                State::Absent => "-",
                State::Failed => "FAILED",
            };
            // An error may be several lines long.
            let detail = check.detail.replace('\n', "\n                         ");
            text += &format!("  {:<14} {sign:<7} {detail}\n", check.name);
        }
        let ttft = checkup
            .ttft_ms
            .map(|ms| format!("{ms:.0} ms to the first token"));
        let cost = checkup.cost_usd.map(|usd| format!("{usd:.6} US dollars"));
        let summary: Vec<String> = ttft.into_iter().chain(cost).collect();
        if !summary.is_empty() {
            text += &format!("  {}\n", summary.join(", "));
        }
        text.push('\n');
    }
    let works = checkups.iter().filter(|c| c.ok).count();
    let cost: f64 = checkups.iter().filter_map(|c| c.cost_usd).sum();
    text + &format!(
        "{works} of {} models answer; {cost:.6} US dollars spent\n",
        checkups.len()
    )
}
