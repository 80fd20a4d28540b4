//! `weighbridge import`: a foreign format into a dataset with recorded outcomes.

mod trace;

use std::path::PathBuf;

use weighbridge_datasets::import::{Format, Imported, import as read};
use weighbridge_datasets::trace::TraceFormat;
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
    if let Ok(format) = args.format.parse::<TraceFormat>() {
        trace::trace(format, args)?;
        return Ok(Exit::Pass);
    }
    if args.limit.is_some() {
        return Err(
            Failure::config("--limit is for traces: it takes their first requests")
                .with_hint("an experiment limits the samples it judges with dataset.limit"),
        );
    }
    let format: Format = args.format.parse().map_err(|_| {
        let names = Format::ALL.map(Format::name).join(", ");
        let traces = TraceFormat::ALL.map(TraceFormat::name).join(", ");
        Failure::config(format!("unknown format `{}`", args.format)).with_hint(format!(
            "the formats are routellm, {names}; of traces {traces}"
        ))
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
