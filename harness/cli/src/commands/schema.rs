//! `weighbridge schema`: the JSON Schemas of what users write and scripts read.

use std::io::Write;

use weighbridge_record::Exit;

use crate::args::SchemaOf;
use crate::config;
use crate::failure::Failure;

/// Prints a schema.
pub(crate) fn schema(of: SchemaOf) -> Result<Exit, Failure> {
    let text = match of {
        SchemaOf::Experiment => config::schema::text(),
        SchemaOf::Verdict => config::schema::verdict(),
        SchemaOf::Gate => config::schema::gate(),
    };
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice and no error.
    let _ = out.write_all(text.as_bytes());
    Ok(Exit::Pass)
}
