//! Markdown, JUnit, terminal, GitLab: snapshots, and what must never be in them.

use weighbridge_reports::render::{
    Colour, MARKER, github_summary, gitlab_code_quality, junit, markdown, terminal,
};

use crate::fixture;

#[test]
fn markdown_as_a_comment() {
    insta::assert_snapshot!(markdown(&fixture::report()));
}

#[test]
fn junit_for_a_build_server() {
    insta::assert_snapshot!(junit(&fixture::report()).unwrap());
}

#[test]
fn terminal_summary() {
    insta::assert_snapshot!(terminal(&fixture::report(), Colour::Never));
}

#[test]
fn gitlab_findings() {
    let json = gitlab_code_quality(&fixture::report(), "router.toml").unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn markdown_has_no_live_markup_from_data() {
    let text = markdown(&fixture::report());
    assert!(text.starts_with(MARKER));
    assert_eq!(text.matches("<!--").count(), 1);
    for bad in [
        "@everyone",
        "::error",
        "##[",
        "<img",
        "</script",
        "://",
        "www.",
        "\x1b",
    ] {
        assert!(!text.contains(bad), "{bad}");
    }
    assert!(
        !text.replace("\\]", "").contains("]("),
        "a link or an image"
    );
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    assert_eq!(github_summary(&fixture::report()), text);
}

#[test]
fn markdown_of_a_large_run_fits_a_comment() {
    let text = markdown(&fixture::large());
    assert!(text.chars().count() < 65_536, "{}", text.chars().count());
    assert!(text.contains("left out for length"));
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
}

#[test]
fn junit_maps_outcomes() {
    let xml = junit(&fixture::report()).unwrap();
    assert!(xml.contains("<failure") && xml.contains("<skipped"));
    assert!(!xml.contains("<error"), "no run of the fixture is invalid");
    let mut report = fixture::report();
    report.verdicts[0].outcome = weighbridge_reports::model::Outcome::Invalid;
    assert_eq!(junit(&report).unwrap().matches("<error").count(), 1);
    assert!(
        !xml.chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
    );
}

#[test]
fn terminal_text_holds_no_foreign_escape() {
    let plain = terminal(&fixture::report(), Colour::Never);
    assert!(!plain.chars().any(|c| c.is_control() && c != '\n'));
    let lines = || plain.lines().map(str::trim_start);
    assert!(!lines().any(|line| line.starts_with("::")));
    assert!(!plain.contains("##["));
    let coloured = terminal(&fixture::report(), Colour::Ansi);
    let bare = [
        "\x1b[0m",
        "\x1b[2m",
        "\x1b[1;31m",
        "\x1b[1;32m",
        "\x1b[1;33m",
    ]
    .iter()
    .fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(bare, plain);
}

#[test]
fn ten_thousand_slices_and_flips_still_make_a_comment() {
    let mut report = fixture::report();
    let slice = report.comparisons[0].slices[0].clone();
    let flip = report.flips[0].clone();
    for i in 0..10_000 {
        let mut slice = slice.clone();
        slice.name = format!("{} {i}", fixture::HOSTILE.repeat(20));
        report.comparisons[0].slices.push(slice);
        let mut flip = flip.clone();
        flip.sample = format!("{} {i}", fixture::HOSTILE.repeat(20));
        flip.baseline.answer = Some(format!(
            "\0\u{2028}</details>{}",
            fixture::HOSTILE.repeat(50)
        ));
        report.flips.push(flip);
    }
    let text = markdown(&report);
    assert!(text.chars().count() < 65_536, "{}", text.chars().count());
    assert!(text.contains("more slices are in report.html") && text.contains("Some lost samples"));
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    assert!(!text.contains(['\0', '\u{2028}', '\x1b']));
    assert!(!text.contains("@everyone") && !text.contains("::error"));
}
