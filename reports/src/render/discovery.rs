//! Found slices: a table for people, TOML for the experiment file, JSON for scripts.

use std::fmt::Write as _;

use serde::Serialize;

use super::RenderError;
use super::escape::{shorten, terminal as esc};
use super::headline::bracketed;
use super::json::pretty;
use super::number::{count, level, p_value, points, signed_points};
use super::words::counted;
use crate::discover::{Discovery, Find, HalfResult};

/// Version of the JSON document of a search.
pub const DISCOVERY_SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    discovery: &'a Discovery,
}

/// Writes a search as JSON: `schema` ([`DISCOVERY_SCHEMA`]) and the fields of [`Discovery`].
///
/// # Errors
/// Only where a number cannot be written as JSON.
pub fn discovery_json(discovery: &Discovery) -> Result<String, RenderError> {
    pretty(&Document {
        schema: DISCOVERY_SCHEMA,
        discovery,
    })
}

/// Writes a search for a terminal. Text from data cannot hold escape sequences, line feeds or workflow
/// commands.
pub fn discovery_text(discovery: &Discovery) -> String {
    let mut out = format!(
        "{} against {}: {} looked at, made of {}\n  searched on {}, tested on {} that the search did not see\n",
        cut(&discovery.candidate, 60),
        cut(&discovery.baseline, 60),
        counted(discovery.looked_at as usize, "slice"),
        counted(discovery.conditions as usize, "condition"),
        counted(discovery.searched_samples as usize, "sample"),
        counted(discovery.tested_samples as usize, "sample")
    );
    if discovery.finds.is_empty() {
        out.push_str("\nNo slice stands out on the searched half.\n");
    }
    for find in &discovery.finds {
        push_find(&mut out, find, discovery.alpha);
    }
    if !discovery.finds.is_empty() {
        let _ = write!(
            out,
            "\n{} of {} tested shown to lose at a family-wise {}. A slice never gates in the \
             comparison that found it.\n",
            discovery.confirmed().count(),
            counted(discovery.finds.len(), "slice"),
            level(1.0 - discovery.alpha)
        );
    }
    out
}

fn cut(text: &str, most: usize) -> String {
    shorten(&esc(text), most)
}

fn push_find(out: &mut String, find: &Find, alpha: f64) {
    let state = if find.confirmed {
        "✕ loss shown"
    } else {
        "? not shown"
    };
    let _ = writeln!(
        out,
        "\n{state}  {}\n  searched  {}\n  tested    {}; adjusted p {} (level {alpha})\n            a loss above {} points is excluded at 95%",
        cut(&find.name, 160),
        half(&find.searched),
        half(&find.tested),
        p_value(find.p_adjusted),
        points(find.tested.certified_loss)
    );
}

/// `−31.2 [−40.1, −22.0] points, n 120, 40 worse, 3 better`.
fn half(half: &HalfResult) -> String {
    let clusters = if half.clusters == half.n {
        String::new()
    } else {
        format!(" in {} clusters", count(half.clusters))
    };
    format!(
        "{} points, n {}{clusters}, {} worse, {} better",
        bracketed(&half.difference, signed_points),
        count(half.n),
        count(half.losses),
        count(half.gains)
    )
}

/// Writes the slices whose loss is shown as TOML to be appended to the experiment file. What cannot be
/// registered there stands in a comment.
pub fn slices_patch(discovery: &Discovery) -> String {
    let mut out = format!(
        "# Found by `weighbridge slices discover`: {} against {}, seed {}, at a family-wise {}.\n\
         # Append to the experiment file. In the comparison that found them (found_in) the slices are\n\
         # shown and never gate; they gate from the next change on.\n",
        comment(&discovery.candidate),
        comment(&discovery.baseline),
        discovery.seed,
        level(1.0 - discovery.alpha)
    );
    if discovery.confirmed().next().is_none() {
        out.push_str("# No loss is shown on the tested half: nothing to register.\n");
    }
    for find in discovery.confirmed() {
        push_rule(&mut out, find, &discovery.found_in);
    }
    out
}

fn push_rule(out: &mut String, find: &Find, found_in: &str) {
    let _ = write!(
        out,
        "\n# searched: {}\n# tested:   {}; adjusted p {}\n",
        half(&find.searched),
        half(&find.tested),
        p_value(find.p_adjusted)
    );
    let Some(rule) = find.rule(found_in) else {
        let _ = writeln!(
            out,
            "# {}: depends on the candidate's own routes, which no experiment file can name.\n\
             # Reports show `routed to MODEL`; name that slice in the gate policy to guard it.",
            comment(&find.name)
        );
        return;
    };
    let _ = writeln!(out, "[[slices.where]]\nname = {}", string(&rule.name));
    if !rule.labels.is_empty() {
        let labels: Vec<String> = rule
            .labels
            .iter()
            .map(|(key, value)| format!("{} = {}", string(key), string(value)))
            .collect();
        let _ = writeln!(out, "labels = {{ {} }}", labels.join(", "));
    }
    if let Some(band) = rule.prompt_chars {
        let ends: Vec<String> = [("at_least", band.at_least), ("below", band.below)]
            .into_iter()
            .filter_map(|(key, end)| Some(format!("{key} = {}", end?)))
            .collect();
        let _ = writeln!(out, "prompt_chars = {{ {} }}", ends.join(", "));
    }
    if !rule.words.is_empty() {
        let words: Vec<String> = rule.words.iter().map(|w| string(w)).collect();
        let _ = writeln!(out, "words = [{}]", words.join(", "));
    }
    let _ = writeln!(out, "found_in = {}", string(found_in));
}

/// Text on one line without control characters.
fn comment(text: &str) -> String {
    cut(text, 160)
}

/// A TOML basic string.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // Line separators and characters that change the direction of text are legal here, but
            // would hide what an editor shows.
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
            {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    // A build log takes this for a command wherever it stands.
    out.replace("##[", "#\\u0023[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_cannot_be_left() {
        assert_eq!(
            string("a\"b\\c\nd\u{7f}\u{2028}"),
            r#""a\"b\\c\u000Ad\u007F\u2028""#
        );
    }
}
