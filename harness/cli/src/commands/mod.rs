//! One file per command.

pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod gate;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod mock;
pub(crate) mod report;
pub(crate) mod run;
#[cfg(feature = "schema")]
pub(crate) mod schema;
