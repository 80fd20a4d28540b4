//! What can and what cannot be told apart, in words.

use crate::stats::ranking::{AllPairs, tied_runs};

/// Groups named before the rest is only counted.
const MOST_GROUPS: usize = 4;

/// Names listed in a group before the rest is only counted.
const MOST_NAMES: usize = 5;

/// First place first, then the groups that cannot be told apart.
pub(super) fn sentences(all: &AllPairs, order: &[usize], names: &[&str]) -> Vec<String> {
    let sets = all.rank_sets();
    let open: Vec<&str> = order
        .iter()
        .filter(|&&at| sets[at].best == 1)
        .map(|&at| names[at])
        .collect();
    let mut out = vec![match open.as_slice() {
        [only] => format!("{only} is first."),
        several if several.len() == order.len() => {
            format!(
                "First place is open between all {} policies.",
                several.len()
            )
        }
        several => format!("First place is open between {}.", list(several)),
    }];
    let runs = tied_runs(order, |a, b| all.beats(a, b));
    for run in runs.iter().take(MOST_GROUPS) {
        let members: Vec<&str> = order[run.clone()].iter().map(|&at| names[at]).collect();
        out.push(format!(
            "Ranks {}–{} cannot be told apart: {}.",
            run.start + 1,
            run.end,
            list(&members)
        ));
    }
    match runs.len().saturating_sub(MOST_GROUPS) {
        0 if runs.is_empty() => out.push("Every two policies are told apart.".to_owned()),
        0 => {}
        1 => out.push("One more group cannot be told apart.".to_owned()),
        more => out.push(format!("{more} more groups cannot be told apart.")),
    }
    out
}

fn list(names: &[&str]) -> String {
    let shown = if names.len() > MOST_NAMES {
        MOST_NAMES - 1
    } else {
        names.len()
    };
    let (named, rest) = names.split_at(shown);
    match (named, rest.len()) {
        ([start @ .., last], 0) if !start.is_empty() => {
            format!("{} and {last}", start.join(", "))
        }
        (named, 0) => named.join(", "),
        (named, more) => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::ranking::{Scale, compare_all};

    fn column(right: usize, turn: usize) -> Vec<f64> {
        (0..1000)
            .map(|i| f64::from(u8::from((i * 7919 + turn * 104_729) % 1000 < right)))
            .collect()
    }

    #[test]
    fn groups_are_named_by_their_ranks() {
        let columns = [
            column(900, 1),
            column(700, 2),
            column(695, 3),
            column(300, 4),
        ];
        let all = compare_all(&columns, None, Scale::Unit, 0.95, 1).unwrap();
        let said = sentences(&all, &[0, 1, 2, 3], &["a", "b", "c", "d"]);
        assert_eq!(
            said,
            ["a is first.", "Ranks 2–3 cannot be told apart: b and c."]
        );
        let same = vec![column(500, 1); 7];
        let all = compare_all(&same, None, Scale::Unit, 0.95, 1).unwrap();
        let said = sentences(
            &all,
            &[0, 1, 2, 3, 4, 5, 6],
            &["a", "b", "c", "d", "e", "f", "g"],
        );
        assert_eq!(said.len(), 2);
        assert_eq!(
            said[1],
            "Ranks 1–7 cannot be told apart: a, b, c, d and 3 more."
        );
        let apart = [column(900, 1), column(500, 2), column(100, 3)];
        let all = compare_all(&apart, None, Scale::Unit, 0.95, 1).unwrap();
        let said = sentences(&all, &[0, 1, 2], &["a", "b", "c"]);
        assert_eq!(said[1], "Every two policies are told apart.");
    }
}
