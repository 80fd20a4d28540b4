//! `weighbridge import`: a foreign format into a dataset with recorded outcomes.

use std::path::PathBuf;

use weighbridge_datasets::import::{Format, Imported, import as read};
use weighbridge_record::Exit;

use crate::args::ImportArgs;
use crate::failure::Failure;

/// Imports one set, or every set of a project.
pub(crate) fn import(args: &ImportArgs) -> Result<Exit, Failure> {
    if args.format == "routellm" {
        let sets = [
            (Format::RouteLlmGsm8k, "gsm8k"),
            (Format::RouteLlmMmlu, "mmlu"),
            (Format::RouteLlmMtBench, "mtbench"),
        ];
        for (format, name) in sets {
            one(format, args, args.out.join(name))?;
        }
        return Ok(Exit::Pass);
    }
    let format: Format = args.format.parse().map_err(|_| {
        let names = Format::ALL.map(Format::name).join(", ");
        Failure::config(format!("unknown format `{}`", args.format))
            .with_hint(format!("the formats are routellm, {names}"))
    })?;
    one(format, args, args.out.clone())?;
    Ok(Exit::Pass)
}

fn one(format: Format, args: &ImportArgs, out: PathBuf) -> Result<(), Failure> {
    let imported = read(format, &args.dir)?;
    imported.write(&out)?;
    describe(format, &imported, &out);
    Ok(())
}

fn describe(format: Format, imported: &Imported, out: &std::path::Path) {
    eprintln!(
        "{format}: {} samples, {} outcomes of {} models, fingerprint {} -> {}",
        imported.dataset.samples().len(),
        imported.outcomes.len(),
        imported.outcomes.models().len(),
        imported.dataset.fingerprint(),
        out.display()
    );
    for finding in &imported.dataset.manifest().findings {
        eprintln!(
            "{}",
            crate::log_text::talk(&format!("  {}", finding.message))
        );
    }
}
