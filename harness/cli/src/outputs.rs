//! What a command leaves behind: files in the run directory, text on standard output.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::path::Path;

use weighbridge_record::RunWriter;
use weighbridge_reports::model::Report;
use weighbridge_reports::render;

use crate::args::{Colour, OutputArgs};
use crate::failure::Failure;
use crate::log_text;

/// Every file of a run directory.
const FILES: [&str; 7] = [
    RunWriter::LOG,
    RunWriter::SAMPLES,
    "report.html",
    "report.md",
    "report.json",
    "junit.xml",
    "verdict.json",
];

/// Makes sure that every output can be written before anything is paid for. Leaves files that exist
/// as they are and removes the ones it had to make.
pub(crate) fn check_writable(dir: &Path) -> Result<(), Failure> {
    let refuse = |path: &Path, error: std::io::Error| {
        Failure::config(format!("cannot write {}: {error}", path.display()))
            .with_hint("choose a folder that can be written with --out; nothing was spent")
    };
    std::fs::create_dir_all(dir).map_err(|e| refuse(dir, e))?;
    for name in FILES {
        let path = dir.join(name);
        let existed = path.exists();
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|e| refuse(&path, e))?;
        if !existed {
            std::fs::remove_file(&path).map_err(|e| refuse(&path, e))?;
        }
    }
    Ok(())
}

/// Renames an old log so that nothing paid for is lost: `run.1.jsonl`, `run.2.jsonl`, …
pub(crate) fn set_aside(dir: &Path) -> Result<(), Failure> {
    let log = dir.join(RunWriter::LOG);
    if !log.exists() {
        return Ok(());
    }
    let free = (1u32..)
        .map(|n| dir.join(format!("run.{n}.jsonl")))
        .find(|p| !p.exists());
    let Some(aside) = free else { return Ok(()) };
    std::fs::rename(&log, &aside)
        .map_err(|e| Failure::config(format!("cannot rename {}: {e}", log.display())))?;
    eprintln!("the old log is kept as {}", aside.display());
    Ok(())
}

/// Writes all reports.
pub(crate) fn write(report: &Report, dir: &Path) -> Result<(), Failure> {
    render::write_all(report, dir).map_err(|e| {
        Failure::config(format!(
            "cannot write the report into {}: {e}",
            dir.display()
        ))
        .with_hint("the log is on disk: `weighbridge report RUN --out DIR` writes it again")
    })
}

/// Prints the verdict: a summary for people, or JSON.
pub(crate) fn print(report: &Report, dir: &Path, output: &OutputArgs) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let text = if output.json {
        let json = render::verdict_json(report).map_err(|e| Failure::invalid(e.to_string()))?;
        log_text::json(&json)
    } else {
        log_text::talk(&render::terminal(report, colour(output.color)))
    };
    // A closed pipe is the reader's choice and no error.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if !output.json {
        eprintln!("report: {}", dir.join("report.html").display());
    }
    Ok(())
}

fn colour(choice: Colour) -> render::Colour {
    let wanted = match choice {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    if wanted {
        render::Colour::Ansi
    } else {
        render::Colour::Never
    }
}
