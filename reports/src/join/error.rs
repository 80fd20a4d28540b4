//! Why two runs cannot be compared.

use weighbridge_record::LogError;

/// Why two runs cannot be compared, with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// A log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A run has no policy of that name.
    #[error("run {run} has no policy `{name}`; it has {known}")]
    UnknownPolicy {
        /// A or B.
        run: char,
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Nothing says which policies are meant.
    #[error("which policies are meant is not clear: {problem}\n  A has {a}\n  B has {b}")]
    Ambiguous {
        /// What is not clear.
        problem: String,
        /// Policies of A with their roles.
        a: String,
        /// Policies of B.
        b: String,
    },
    /// The same policy of the same run twice.
    #[error("A and B are the same run and the same policy `{0}`")]
    Same(String),
    /// The comparison would overwrite the log of a run.
    #[error("{0} holds the log of a run, which the comparison would overwrite")]
    Overwrites(String),
    /// No sample is in both runs with the same content.
    #[error(
        "the runs have no sample in common: {only_a} ids only in A, {only_b} only in B, {changed} \
         in both with other content{example}"
    )]
    NothingInCommon {
        /// Ids only in A.
        only_a: usize,
        /// Ids only in B.
        only_b: usize,
        /// Ids in both with other content.
        changed: usize,
        /// One id of each, to see what is wrong.
        example: String,
    },
    /// A saving is promised, and the price of a model is known in one run only.
    #[error(
        "the gate policy promises a saving, and {model} has a token price in one run only: the costs \
         of the two runs cannot be put on one price book"
    )]
    Prices {
        /// The model.
        model: String,
    },
}

impl JoinError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Log(error) => error.hint(),
            Self::UnknownPolicy { .. } | Self::Ambiguous { .. } => {
                "name them with --policy-a and --policy-b"
            }
            Self::Same(_) => "name another policy with --policy-a or --policy-b",
            Self::Overwrites(_) => "give the comparison a directory of its own with --out",
            Self::NothingInCommon { .. } => "compare runs over the same dataset, with stable ids",
            Self::Prices { .. } => {
                "give both runs a price for it, or judge by a gate policy without `min_saving`"
            }
        }
    }
}
