//! The job summary of GitHub Actions: the Markdown report, which stays far below the limit of
//! 1 MiB for each step.

use super::markdown::markdown;
use crate::model::Report;

/// Writes the job summary, to be appended to the file that `GITHUB_STEP_SUMMARY` names.
pub fn github_summary(report: &Report) -> String {
    markdown(report)
}
