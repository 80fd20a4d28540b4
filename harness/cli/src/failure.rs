//! Why a command ends without a result, and with which exit code.

use std::fmt;

use weighbridge_datasets::DataError;
use weighbridge_record::{Exit, LogError};

use crate::config::ConfigError;

/// A failure of a command: what is wrong, what to do, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A usage or configuration error: nothing was spent.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Config,
            message: message.into(),
            hint: None,
        }
    }

    /// The run is not valid.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Invalid,
            message: message.into(),
            hint: None,
        }
    }

    /// What was paid for cannot be written down (a full disk, for example); the run was stopped.
    pub(crate) fn unkept(error: &LogError) -> Self {
        Self::invalid(format!("the run cannot be kept and was stopped: {error}")).with_hint(
            "finished trials are on disk; make room and run again to go on where it stopped",
        )
    }

    /// With what to do about it.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(hint) = self.hint.as_ref().filter(|h| !h.is_empty()) {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::config(error.to_string())
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let hint = error.hint().unwrap_or_default().to_owned();
        Self::config(error.to_string()).with_hint(hint)
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let exit = match error {
            LogError::Line { .. } => Exit::Invalid,
            _ => Exit::Config,
        };
        Self {
            exit,
            message: error.to_string(),
            hint: Some(error.hint().to_owned()),
        }
    }
}
