//! Templates and how they escape.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value};

use crate::render::escape;

/// Every template with its name.
const TEMPLATES: &[(&str, &str)] = &[
    (
        "report.html",
        include_str!("../../../templates/report.html"),
    ),
    (
        "macros",
        include_str!("../../../templates/parts/macros.html"),
    ),
    (
        "verdict",
        include_str!("../../../templates/parts/verdict.html"),
    ),
    (
        "run_diff",
        include_str!("../../../templates/parts/run_diff.html"),
    ),
    (
        "slices",
        include_str!("../../../templates/parts/slices.html"),
    ),
    (
        "leaderboard",
        include_str!("../../../templates/parts/leaderboard.html"),
    ),
    ("flips", include_str!("../../../templates/parts/flips.html")),
    (
        "latency",
        include_str!("../../../templates/parts/latency.html"),
    ),
    (
        "ledger",
        include_str!("../../../templates/parts/ledger.html"),
    ),
    (
        "reliability",
        include_str!("../../../templates/parts/reliability.html"),
    ),
    (
        "sequential",
        include_str!("../../../templates/parts/sequential.html"),
    ),
    (
        "routing",
        include_str!("../../../templates/parts/routing.html"),
    ),
    (
        "health",
        include_str!("../../../templates/parts/health.html"),
    ),
    (
        "appendix",
        include_str!("../../../templates/parts/appendix.html"),
    ),
];

/// The style sheet; carries no data.
pub(crate) const STYLE: &str = include_str!("../../../templates/report.css");

/// All templates, strict about names and escaping everything.
///
/// # Errors
/// A template that cannot be parsed.
pub(crate) fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    // By default escaping goes by the ending of the name, and most endings mean none.
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_formatter(write_escaped);
    for (name, source) in TEMPLATES {
        env.add_template(name, source)?;
    }
    Ok(env)
}

/// Escapes for HTML and makes control characters visible.
fn write_escaped(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape::html(text))?),
        _ => minijinja::escape_formatter(out, state, value),
    }
}
