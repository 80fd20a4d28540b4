//! One backend of the table.

use serde_json::Value;
use weighbridge_engine::Dialect;
use weighbridge_mock::ChoiceReport;

use crate::feature::Feature;

/// Who runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Managed,
    SelfHosted,
    Gateway,
}

/// One backend: how it is asked, and what it does not have.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(crate) dialect: Dialect,
    /// Path of the base address.
    pub(crate) base: &'static str,
    /// Body fields that make the model think.
    pub(crate) think: Value,
    /// Body fields that demand a tool call.
    pub(crate) tool: Value,
    /// Where a gateway says what it chose.
    pub(crate) report: Option<ChoiceReport>,
    /// What does not exist on this wire, and why.
    pub(crate) absent: Vec<(Feature, &'static str)>,
}

impl Row {
    /// Why the wire does not have a feature; `None` if it has it.
    pub(crate) fn why_absent(&self, feature: Feature) -> Option<&'static str> {
        let found = self.absent.iter().find(|(f, _)| *f == feature);
        found.map(|(_, why)| *why)
    }

    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.why_absent(feature).is_none()
    }
}
