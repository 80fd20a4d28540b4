//! One of the two runs, as far as its header and samples go.

use std::path::{Path, PathBuf};

use weighbridge_record::{LogError, RunHeader, RunReader, SampleLine};

/// A run that is to be joined.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) dir: PathBuf,
    pub(super) header: RunHeader,
    pub(super) samples: Vec<SampleLine>,
}

impl Side {
    pub(super) fn open(dir: &Path) -> Result<Self, LogError> {
        Ok(Self {
            dir: dir.to_owned(),
            header: RunReader::open(dir)?.header().clone(),
            samples: RunReader::samples(dir)?,
        })
    }
}
