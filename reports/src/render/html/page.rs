//! The whole page.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::environment::{STYLE, environment};
use super::{policies, slices, verdict};
use crate::model::Report;
use crate::render::RenderError;

/// Writes a report as one HTML file.
///
/// # Errors
/// Only where a template and its view disagree.
pub fn html(report: &Report) -> Result<String, RenderError> {
    let page = context! {
        name => report.name.clone(),
        style => Value::from_safe_string(STYLE.to_owned()),
        verdict => Value::from(Serde(verdict::view(report))),
        policies => Value::from(Serde(policies::table(report))),
        slices => Value::from(Serde(slices::view(report))),
    };
    Ok(environment()?.get_template("report.html")?.render(page)?)
}
