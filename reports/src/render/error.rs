//! What can go wrong while rendering.

/// A report that could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template asks for something that its view does not have.
    #[error("cannot render the HTML report: {0:#}")]
    Template(#[from] minijinja::Error),
    /// The report cannot be written as JSON.
    #[error("cannot write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The report cannot be written as XML.
    #[error("cannot write the report as JUnit XML: {0}")]
    Junit(#[from] quick_junit::SerializeError),
}
