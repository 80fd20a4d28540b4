//! `weighbridge schema`: the JSON Schema of the experiment file.

use std::io::Write;

use weighbridge_record::Exit;

use crate::config;
use crate::failure::Failure;

/// Prints the schema.
pub(crate) fn schema() -> Result<Exit, Failure> {
    let text = config::schema::text();
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice and no error.
    let _ = out.write_all(text.as_bytes());
    Ok(Exit::Pass)
}
