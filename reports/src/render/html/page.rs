//! The whole page.

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use super::detail::{DETAILS, Detail};
use super::environment::{STYLE, environment};
use super::{
    flips, health, latency, leaderboard, ledger, plane, policies, provenance, reliability, routing,
    run_diff, sequential, slices, verdict,
};
use crate::model::Report;
use crate::render::RenderError;

/// Largest page in bytes; a longer one is rendered again with less detail.
const MOST_BYTES: usize = 2_000_000;

/// Writes a report as one HTML file of at most about 2 MB: no script, no request, all numbers in
/// tables. Where a run is too large for that, the page shows fewer flips and slices and says so.
///
/// # Errors
/// Only where a template and its view disagree.
pub fn html(report: &Report) -> Result<String, RenderError> {
    let env = environment()?;
    let mut page = String::new();
    for (i, detail) in DETAILS.iter().enumerate() {
        page = render(&env, report, *detail, i > 0)?;
        if page.len() <= MOST_BYTES {
            break;
        }
    }
    Ok(page)
}

fn render(
    env: &Environment<'_>,
    report: &Report,
    detail: Detail,
    shortened: bool,
) -> Result<String, RenderError> {
    let page = context! {
        name => report.name.clone(),
        shortened => shortened,
        style => Value::from_safe_string(STYLE.to_owned()),
        verdict => Value::from(Serde(verdict::view(report))),
        run_diff => Value::from(Serde(run_diff::view(report))),
        policies => Value::from(Serde(policies::table(report))),
        policies_more => Value::from(Serde(policies::more(report))),
        leaderboard => Value::from(Serde(leaderboard::view(report))),
        slices => Value::from(Serde(slices::view(report, detail))),
        plane => Value::from(Serde(plane::view(report))),
        flips => Value::from(Serde(flips::view(report, detail))),
        latency => Value::from(Serde(latency::view(report))),
        ledger => Value::from(Serde(ledger::view(report))),
        reliability => Value::from(Serde(reliability::view(report))),
        routing => Value::from(Serde(routing::view(report))),
        sequential => Value::from(Serde(sequential::view(report))),
        health => Value::from(Serde(health::view(report))),
        appendix => Value::from(Serde(provenance::view(report))),
    };
    Ok(env.get_template("report.html")?.render(page)?)
}
