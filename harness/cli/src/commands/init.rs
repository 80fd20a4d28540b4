//! `weighbridge init`: a commented starter experiment.

use std::fs::OpenOptions;
use std::io::Write;

use weighbridge_record::Exit;

use crate::args::InitArgs;
use crate::failure::Failure;

/// The starter, kept as a file of its own so that a test can read it back.
pub(crate) const STARTER: &str = include_str!("../../starter/experiment.toml");
/// Samples that go with it.
pub(crate) const SAMPLES: &str = include_str!("../../starter/samples.jsonl");

/// Writes the starter and its samples; never over a file that exists.
pub(crate) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let samples = args.file.with_file_name("samples.jsonl");
    for path in [&args.file, &samples] {
        if path.exists() {
            return Err(
                Failure::config(format!("{} exists already", path.display()))
                    .with_hint("name another file: weighbridge init OTHER.toml"),
            );
        }
    }
    for (path, text) in [(&args.file, STARTER), (&samples, SAMPLES)] {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        file.and_then(|mut f| f.write_all(text.as_bytes()))
            .map_err(|e| Failure::config(format!("cannot write {}: {e}", path.display())))?;
    }
    eprintln!(
        "wrote {} and {}\nnext: weighbridge run {}",
        args.file.display(),
        samples.display(),
        args.file.display()
    );
    Ok(Exit::Pass)
}
