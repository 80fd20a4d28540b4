//! The structure of the HTML report.

use std::collections::BTreeSet;

use weighbridge_reports::render::html;

use crate::fixture;

/// Tags of the page, style sheet left out: `<div class="x">`, `</div>`.
fn tags(page: &str) -> Vec<&str> {
    let body = page.split_once("</style>").map_or("", |parts| parts.1);
    body.split('<')
        .skip(1)
        // A `<` that opens no tag gives an empty name, which nothing closes.
        .map(|part| part.split_once('>').map_or("", |parts| parts.0))
        .collect()
}

fn name(tag: &str) -> &str {
    tag.trim_start_matches('/')
        .split([' ', '/'])
        .next()
        .unwrap_or_default()
}

#[test]
fn elements_are_balanced() {
    let page = html(&fixture::report()).unwrap();
    let mut open = Vec::new();
    for tag in tags(&page) {
        if tag.starts_with('/') {
            let last = open.pop();
            // `head` is opened before the style sheet and closed after it.
            if last.is_some() || !matches!(name(tag), "head" | "html") {
                assert_eq!(last, Some(name(tag)), "closing {tag}");
            }
        } else if !tag.ends_with('/') {
            open.push(name(tag));
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = html(&fixture::report()).unwrap();
    for tag in tags(&page) {
        let forbidden = [
            "script", "img", "link", "iframe", "object", "embed", "form", "base", "b>",
        ];
        assert!(!forbidden.contains(&name(tag)), "{tag}");
        for attribute in [
            " src=",
            " srcset=",
            " onerror=",
            " onload=",
            " style=",
            "javascript:",
        ] {
            assert!(!tag.contains(attribute), "{tag}");
        }
        if let Some((_, target)) = tag.split_once("href=\"") {
            assert!(target.starts_with('#'), "{tag}");
        }
        if tag.contains("http") {
            assert_eq!(name(tag), "svg", "{tag}");
        }
    }
    let style = page
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn hostile_text_is_text() {
    let page = html(&fixture::report()).unwrap();
    assert!(page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"));
    assert!(!page.contains("<img") && !page.contains("<b>v2"));
    let deceptive =
        |c: char| (c.is_control() && c != '\n' && c != '\t') || "\u{202e}\u{2028}".contains(c);
    assert!(!page.chars().any(deceptive));
}

#[test]
fn every_picture_has_a_name_and_a_table() {
    let page = html(&fixture::report()).unwrap();
    let figures: Vec<&str> = page.split("<figure>").skip(1).collect();
    assert!(figures.len() >= 7, "{}", figures.len());
    for figure in figures {
        let (pictures, rest) = figure.split_once("</figure>").unwrap();
        assert_eq!(pictures.matches("<svg").count(), 2, "wide and narrow");
        assert_eq!(pictures.matches("role=\"img\"").count(), 2);
        assert_eq!(pictures.matches("<title").count(), 2);
        assert_eq!(pictures.matches("<desc").count(), 2);
        assert!(rest.contains("<table>"));
    }
    assert_eq!(page.matches("<svg").count() % 2, 0);
}

#[test]
fn identifiers_are_unique_and_links_arrive() {
    let page = html(&fixture::report()).unwrap();
    let values = |key: &str| -> Vec<String> {
        tags(&page)
            .iter()
            .filter_map(|tag| tag.split_once(key))
            .map(|(_, rest)| rest.split_once('"').unwrap().0.to_owned())
            .collect()
    };
    let ids = values(" id=\"");
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    for link in values("href=\"#") {
        assert!(unique.contains(&link), "{link}");
    }
    for label in values("aria-labelledby=\"")
        .iter()
        .flat_map(|l| l.split(' '))
    {
        assert!(unique.contains(&label.to_owned()), "{label}");
    }
}

#[test]
fn headings_descend_one_by_one() {
    let page = html(&fixture::report()).unwrap();
    let mut last = 0;
    let mut firsts = 0;
    for tag in tags(&page) {
        let level = match name(tag) {
            "h1" => 1,
            "h2" => 2,
            "h3" => 3,
            "h4" => 4,
            _ => continue,
        };
        if tag.starts_with('/') {
            continue;
        }
        firsts += usize::from(level == 1);
        assert!(level <= last + 1, "h{level} after h{last}");
        last = level;
    }
    assert_eq!(firsts, 1);
}

#[test]
fn a_large_run_stays_under_two_megabytes() {
    let page = html(&fixture::large()).unwrap();
    assert!(page.len() <= 2_000_000, "{}", page.len());
    assert!(page.contains("shortened for size"));
}

#[test]
fn an_empty_report_is_still_a_page() {
    let mut report = fixture::report();
    report.verdicts.clear();
    report.comparisons.clear();
    report.health.clear();
    report.policies.clear();
    report.leaderboard = None;
    report.plane.points.clear();
    report.routing.clear();
    report.latency.clear();
    report.ledger.clear();
    report.reliability = None;
    report.flips.clear();
    report.flip_counts.clear();
    report.methods.clear();
    let page = html(&report).unwrap();
    assert!(page.contains("Nothing was noticed"));
    assert!(page.contains("No attempt failed"));
    assert!(!page.contains("<svg"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(
        html(&fixture::report()).unwrap(),
        html(&fixture::report()).unwrap()
    );
}

#[test]
fn the_leaderboard_says_ranks_in_words_picture_and_table() {
    let page = html(&fixture::report()).unwrap();
    let section = page.split("id=\"leaderboard\"").nth(1).unwrap();
    let section = section.split("</section>").next().unwrap();
    assert!(section.contains("Ranks 2–4 cannot be told apart"));
    assert!(section.contains("ranks 2–5</text>") && section.contains("rank 1</text>"));
    assert!(section.contains("<td class=\"n plain\">2–5</td>"));
    assert!(section.contains("−2.6 [−4.1, −1.1]"));
    let mut report = fixture::report();
    report.leaderboard = None;
    assert!(!html(&report).unwrap().contains("leaderboard"));
}
