//! The formats that can be imported, by name.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::{
    Imported, llmrouter, llmrouterbench, routellm, routellm_mtbench, routerarena, routerbench,
};
use crate::DataError;

/// A format that [`import`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// RouteLLM's GSM8K answers of a weak and a strong model.
    RouteLlmGsm8k,
    /// RouteLLM's MMLU answers of a weak and a strong model, 57 subjects.
    RouteLlmMmlu,
    /// RouteLLM's MT-Bench judgements of a weak and a strong model.
    RouteLlmMtBench,
    /// RouteLLM's MT-Bench judgements of two commercial routers.
    RouteLlmCommercial,
    /// LLMRouter's example scores of nine models on fourteen tasks.
    LlmRouter,
    /// RouterBench's wide table, as CSV.
    RouterBench,
    /// RouterArena's prediction files.
    RouterArena,
    /// LLMRouterBench's record files, one per dataset, split and model.
    LlmRouterBench,
    /// Our own directory: `dataset.json`, `samples.jsonl`, `outcomes.jsonl`.
    Jsonl,
}

impl Format {
    /// All formats, in the order in which they are listed to users.
    pub const ALL: [Self; 9] = [
        Self::RouteLlmGsm8k,
        Self::RouteLlmMmlu,
        Self::RouteLlmMtBench,
        Self::RouteLlmCommercial,
        Self::LlmRouter,
        Self::RouterBench,
        Self::RouterArena,
        Self::LlmRouterBench,
        Self::Jsonl,
    ];

    /// The name used on the command line and in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Self::RouteLlmGsm8k => "routellm-gsm8k",
            Self::RouteLlmMmlu => "routellm-mmlu",
            Self::RouteLlmMtBench => "routellm-mtbench",
            Self::RouteLlmCommercial => "routellm-commercial",
            Self::LlmRouter => "llmrouter",
            Self::RouterBench => "routerbench",
            Self::RouterArena => "routerarena",
            Self::LlmRouterBench => "llmrouterbench",
            Self::Jsonl => "jsonl",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A format name that is not known. Displays with the list of those that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Format::ALL.map(Format::name).join(", ");
        write!(f, "unknown format `{}`: use one of {names}", self.0)
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Reads a directory (for `routerbench` also a single file) in a foreign format.
///
/// # Errors
/// Names the file, the line and what is wrong there, with a hint.
pub fn import(format: Format, dir: &Path) -> Result<Imported, DataError> {
    match format {
        Format::RouteLlmGsm8k => routellm::gsm8k(dir),
        Format::RouteLlmMmlu => routellm::mmlu(dir),
        Format::RouteLlmMtBench => routellm_mtbench::judgements(dir),
        Format::RouteLlmCommercial => routellm_mtbench::commercial(dir),
        Format::LlmRouter => llmrouter::read(dir),
        Format::RouterBench => routerbench::read(dir),
        Format::RouterArena => routerarena::read(dir),
        Format::LlmRouterBench => llmrouterbench::read(dir),
        Format::Jsonl => Imported::read(dir),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        let error = "routelm".parse::<Format>().unwrap_err().to_string();
        assert!(
            error.contains("`routelm`") && error.contains("routellm-gsm8k"),
            "{error}"
        );
    }
}
