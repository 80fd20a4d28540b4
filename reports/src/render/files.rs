//! Writes the report files of a run directory.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::{html, json, junit, markdown};
use crate::model::Report;

/// Writes `report.html`, `report.md`, `report.json`, `junit.xml` and `verdict.json` into a directory,
/// which is made where it is missing.
///
/// Everything is rendered before anything is written, and each file is written beside its place and
/// renamed, so that a reader never meets half a report. `verdict.json` comes last: where it is new,
/// the others are.
///
/// # Errors
/// What the file system says, with the path in it.
pub fn write_all(report: &Report, dir: &Path) -> io::Result<()> {
    let files = [
        ("report.html", html(report).map_err(io::Error::other)?),
        ("report.md", markdown(report)),
        (
            "report.json",
            json::report_json(report).map_err(io::Error::other)?,
        ),
        ("junit.xml", junit(report).map_err(io::Error::other)?),
        (
            "verdict.json",
            json::verdict_json(report).map_err(io::Error::other)?,
        ),
    ];
    let named = |error: io::Error, path: &Path| {
        io::Error::new(
            error.kind(),
            format!("cannot write {}: {error}", path.display()),
        )
    };
    fs::create_dir_all(dir).map_err(|error| named(error, dir))?;
    for (name, text) in files {
        let path = dir.join(name);
        replace(&path, &text).map_err(|error| named(error, &path))?;
    }
    Ok(())
}

/// Writes beside the file, then renames over it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let written = File::create(&beside)
        // Not synced to the disk: a report is made again from its log, and a sync here would wait
        // for the whole log to be written out.
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The error that matters is the one above.
        let _ = fs::remove_file(&beside);
    }
    written
}
