//! `weighbridge slices`: search a run for slices on which a candidate loses.

use std::io::Write as _;
use std::path::Path;

use weighbridge_record::Exit;
use weighbridge_reports::compare::Frame;
use weighbridge_reports::discover::{DiscoverError, Discovery, Settings, discover};
use weighbridge_reports::render;
use weighbridge_reports::table::RunTable;

use crate::args::{DiscoverArgs, SlicesArgs, SlicesCommand};
use crate::failure::Failure;

/// Runs a subcommand.
pub(crate) fn slices(args: &SlicesArgs) -> Result<Exit, Failure> {
    match &args.command {
        SlicesCommand::Discover(args) => find(args),
    }
}

/// Searches, prints and writes; exits 0 whatever was found, since a search judges nothing.
fn find(args: &DiscoverArgs) -> Result<Exit, Failure> {
    let settings = Settings {
        support: args.support,
        depth: args.depth,
        alpha: args.alpha,
        seed: args.seed,
    };
    let table = RunTable::load(&args.run)?;
    let frame = Frame::new(&table);
    let found = discover(&frame, args.candidate.as_deref(), &settings).map_err(refused)?;
    if let Some(out) = &args.out {
        write_patch(out, &found)?;
    }
    print(args, &found)
}

/// JSON, or the table where the patch went to a file, or else the patch with the table as talk.
fn print(args: &DiscoverArgs, found: &Discovery) -> Result<Exit, Failure> {
    let data = if args.json {
        let json = render::discovery_json(found).map_err(|e| Failure::invalid(e.to_string()))?;
        crate::log_text::json(&json)
    } else if args.out.is_some() {
        crate::log_text::talk(&render::discovery_text(found))
    } else {
        eprint!("{}", crate::log_text::talk(&render::discovery_text(found)));
        // Holds no workflow command in any form, and must stay as it is.
        render::slices_patch(found)
    };
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice and no error.
    let _ = out.write_all(data.as_bytes()).and_then(|()| out.flush());
    Ok(Exit::Pass)
}

fn write_patch(path: &Path, found: &Discovery) -> Result<(), Failure> {
    std::fs::write(path, render::slices_patch(found))
        .map_err(|e| Failure::config(format!("cannot write {}: {e}", path.display())))?;
    eprintln!("patch: {}", path.display());
    Ok(())
}

fn refused(error: DiscoverError) -> Failure {
    let hint = match &error {
        DiscoverError::NoBaseline => "a run needs a policy with role = \"baseline\"",
        DiscoverError::UnknownPolicy { .. } | DiscoverError::IsBaseline(_) => {
            "name one of the other policies with --candidate"
        }
        DiscoverError::OutOfRange { .. } => "see `weighbridge slices discover --help`",
    };
    Failure::config(error.to_string()).with_hint(hint)
}
