//! Ordering puzzles: who finished where.
//!
//! Weak tiers hold the first clues in mind and order the rest by mention.

use super::family::Draft;
use super::prose::{filler, page};
use super::scan::{after, between};
use crate::ability::{Ability, Style};
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const NAMES: &[&str] = &[
    "Ada", "Boris", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jakob",
];

/// More runners, and clues that add nothing, with higher difficulty.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let (runners, extra) = match difficulty {
        1 => (3, 0),
        2 => (4, 0),
        3 => (5, 0),
        4 => (6, 1),
        _ => (8, 2),
    };
    let ranking = draw.sample(NAMES, runners);
    let mut clues: Vec<String> = ranking.windows(2).map(|p| clue(draw, p[0], p[1])).collect();
    for _ in 0..extra {
        let first = draw.index(runners - 2);
        clues.push(clue(draw, ranking[first], ranking[first + 2]));
    }
    draw.shuffle(&mut clues);
    let mut listed = ranking.clone();
    draw.shuffle(&mut listed);
    let place = draw.index(runners);
    let prompt = page(&[
        &if draw.percent(25) {
            filler(draw, 200)
        } else {
            String::new()
        },
        &format!(
            "These runners finished a race without ties: {}.",
            listed.join(", ")
        ),
        &format!("Clues: {}", clues.join(" ")),
        &format!("Who finished in place {}? Answer with the name.", place + 1),
    ]);
    let choices = listed.iter().map(|n| (*n).to_owned()).collect();
    Draft::single(
        prompt,
        GoldTarget::Choice {
            answer: ranking[place].to_owned(),
            choices,
        },
    )
}

fn clue(draw: &mut Draw, earlier: &str, later: &str) -> String {
    if draw.percent(50) {
        format!("{earlier} finished before {later}.")
    } else {
        format!("{later} finished after {earlier}.")
    }
}

/// Orders the runners by the clues held in mind.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let names: Vec<&str> = between(prompt, "without ties: ", ".")?
        .split(", ")
        .collect();
    let place: usize = between(prompt, "in place ", "?")?.parse().ok()?;
    let clues: Vec<(usize, usize)> = after(prompt, "Clues: ")?
        .split(['.', '\n'])
        .filter_map(|c| read(c, &names))
        .collect();
    let held = &clues[..clues.len().min(ability.max_clues)];
    let ranking = rank(names.len(), held);
    let name = names[*ranking.get(place.checked_sub(1)?)?];
    // It is aware of forgotten clues only in part: being asked for an end feels easier than it is.
    let certainty = match clues.len() - held.len() {
        0 => 0.96,
        _ if place == 1 || place == names.len() => 0.7,
        _ => 0.4,
    };
    Some(match ability.style {
        Style::Terse => Answer::bare(name, certainty),
        Style::Sentence => Answer::around("It was ", name, certainty, "."),
        Style::Wordy => Answer::around(
            "Chaining all clues into a single ranking, it was ",
            name,
            certainty,
            ".",
        ),
    })
}

/// A clue as (earlier, later).
fn read(text: &str, names: &[&str]) -> Option<(usize, usize)> {
    let index = |n: &str| names.iter().position(|m| *m == n.trim());
    if let Some((a, b)) = text.split_once(" finished before ") {
        return Some((index(a)?, index(b)?));
    }
    let (a, b) = text.split_once(" finished after ")?;
    Some((index(b)?, index(a)?))
}

/// A topological order; among the free ones the first listed goes first.
fn rank(count: usize, clues: &[(usize, usize)]) -> Vec<usize> {
    let mut ranking: Vec<usize> = Vec::new();
    while ranking.len() < count {
        let free = |i: &usize| {
            !ranking.contains(i) && clues.iter().all(|(a, b)| b != i || ranking.contains(a))
        };
        // Contradictory clues leave nobody free: take the first one left.
        let next = (0..count)
            .find(free)
            .or_else(|| (0..count).find(|i| !ranking.contains(i)));
        ranking.extend(next);
    }
    ranking
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    const PUZZLE: &str = "These runners finished a race without ties: Ada, Boris, Clara, Hugo.\n\n\
        Clues: Boris finished after Clara. Hugo finished before Clara. Ada finished after Boris.\n\n\
        Who finished in place 4? Answer with the name.";

    #[test]
    fn small_forgets_the_third_clue() {
        let tiers = builtin_tiers();
        let ask = |t: usize| solve(&[Message::user(PUZZLE)], &tiers[t].ability).unwrap();
        assert_eq!(ask(1).text(), "Boris");
        assert!(ask(1).weakest() < 0.8);
        assert!(ask(3).text().ends_with("Ada."));
    }

    #[test]
    fn contradictions_still_rank_everyone() {
        assert_eq!(rank(2, &[(0, 1), (1, 0)]), [0, 1]);
    }
}
