//! Why a policy cannot be built.

/// A policy whose configuration reads well but cannot work here. The caller adds the position of
/// the policy in its file.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// A model is named that the fleet does not have.
    #[error("unknown model `{model}`; the fleet has {known}")]
    UnknownModel {
        /// The name written.
        model: String,
        /// The names that exist.
        known: String,
    },
    /// A value is out of range.
    #[error("`{key}` {problem}")]
    Value {
        /// The key in the policy's table.
        key: &'static str,
        /// What is wrong, with the allowed range.
        problem: String,
    },
    /// Learned state was asked for and there is nothing to learn from.
    #[error("needs recorded outcomes to learn from: {0}")]
    NothingToFit(String),
    /// Another policy is named that does not exist or comes later.
    #[error("unknown policy `{0}`; a policy can only refer to one above it")]
    UnknownPolicy(String),
    /// A file the policy needs cannot be used.
    #[error("{path}: {problem}")]
    File {
        /// Path as written.
        path: String,
        /// What is wrong.
        problem: String,
    },
}
