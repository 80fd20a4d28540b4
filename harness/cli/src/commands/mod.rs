//! One file per command.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod gate;
pub(crate) mod import;
pub(crate) mod init;
#[cfg(feature = "kernels")]
pub(crate) mod kernels;
pub(crate) mod mock;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
#[cfg(feature = "schema")]
pub(crate) mod schema;
pub(crate) mod slices;
