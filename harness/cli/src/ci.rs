//! Outputs for build servers: job summary, comment, code quality.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use weighbridge_reports::model::Report;
use weighbridge_reports::render;

use crate::args::CiArgs;
use crate::failure::Failure;

/// Names the file of the job summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// GitHub drops the summary of a step that is larger than 1 MiB; a little is kept free for others.
const MOST_SUMMARY_BYTES: u64 = 1_048_576 - 1024;

/// Makes sure that what was asked for can be written before anything is paid for.
pub(crate) fn check_writable(args: &CiArgs) -> Result<(), Failure> {
    for path in [&args.comment, &args.gitlab_code_quality]
        .into_iter()
        .flatten()
    {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let refused = |e: std::io::Error| {
            Failure::config(format!("cannot write {}: {e}", path.display()))
                .with_hint("choose a file that can be written; nothing was spent")
        };
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(refused)?;
        }
        let existed = path.exists();
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(refused)?;
        if !existed {
            std::fs::remove_file(path).map_err(refused)?;
        }
    }
    Ok(())
}

/// Writes what was asked for; `location` is the file that code-quality findings point at. A job summary that cannot be written is a warning: the verdict stands.
pub(crate) fn write(report: &Report, location: &Path, args: &CiArgs) -> Result<(), Failure> {
    if let Some(path) = &args.comment {
        put(path, &render::markdown(report))?;
    }
    if let Some(path) = &args.gitlab_code_quality {
        let text = render::gitlab_code_quality(report, &location.to_string_lossy())
            .map_err(|e| Failure::invalid(e.to_string()))?;
        put(path, &text)?;
    }
    if args.github_summary {
        match std::env::var_os(SUMMARY).filter(|path| !path.is_empty()) {
            None => {
                eprintln!("warning: {SUMMARY} is not set, so there is no job summary to append to")
            }
            Some(path) => append_summary(Path::new(&path), &render::github_summary(report)),
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|e| Failure::config(format!("cannot write {}: {e}", path.display())))
}

fn append_summary(path: &Path, text: &str) {
    let used = std::fs::metadata(path).map_or(0, |m| m.len());
    let room = MOST_SUMMARY_BYTES.saturating_sub(used);
    let text = fitted(text, usize::try_from(room).unwrap_or(usize::MAX));
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        eprintln!("warning: cannot append to the job summary: {error}");
    }
}

/// The text, or as many whole lines of it as there is room for, with folded parts closed and a word on
/// the cut.
fn fitted(text: &str, room: usize) -> String {
    const CUT: &str = "\n_The rest is left out for length; report.html has it._\n";
    const CLOSE: &str = "\n</details>\n";
    if text.len() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut open = 0usize;
    for line in text.split_inclusive('\n') {
        let now = match line.trim_end() {
            "<details>" => open + 1,
            "</details>" => open.saturating_sub(1),
            _ => open,
        };
        if out.len() + line.len() + now * CLOSE.len() + CUT.len() > room {
            break;
        }
        open = now;
        out.push_str(line);
    }
    if out.is_empty() {
        return out;
    }
    out.push_str(&CLOSE.repeat(open));
    out.push_str(CUT);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_cut_at_a_line_and_its_folds_are_closed() {
        let text = format!(
            "head\n<details>\n<summary>s</summary>\n\n{}</details>\n",
            "ä row of some length\n".repeat(100)
        );
        for room in 0..text.len() + 1 {
            let cut = fitted(&text, room);
            assert!(cut.len() <= room, "{room}");
            assert_eq!(
                cut.matches("<details>").count(),
                cut.matches("</details>").count(),
                "{room}"
            );
            assert!(
                cut.is_empty() || cut == text || cut.contains("left out"),
                "{room}"
            );
        }
        assert_eq!(fitted(&text, text.len()), text);
    }
}
