//! Dates: adding days, and weekdays.
//!
//! Each tier has a calendar; the weaker ones do not know what theirs lacks.

use super::calendar::Date;
use super::family::Draft;
use super::prose::{filler, page};
use super::scan::numbers;
use crate::ability::{Ability, Calendar};
use crate::answer::Answer;
use crate::draw::Draw;
use crate::message::{Message, last_user};
use crate::target::GoldTarget;

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

const ADD: &[&str] = &[
    "Which date is {n} days after {d}? Reply as YYYY-MM-DD and nothing else.",
    "A permit issued on {d} expires {n} days later. Reply with the expiry date as YYYY-MM-DD only.",
    "Count {n} days forward from {d}. Reply with the resulting date alone, as YYYY-MM-DD.",
];

const WEEKDAY: &[&str] = &[
    "Which day of the week is {d}? Answer with its English name.",
    "Name the day of the week that falls on {d}.",
];

/// 1 stays in a month, 2 crosses months, 3 meets February of leap years, 4 spans years, 5 meets
/// century years.
pub fn generate(draw: &mut Draw, difficulty: u8) -> Draft {
    let weekday = difficulty >= 3 && draw.percent(35);
    let (date, days) = pose(draw, difficulty, weekday);
    let calendar = Calendar::Gregorian;
    let (asks, target) = if weekday {
        let answer = WEEKDAYS[calendar.weekday(date)].to_owned();
        let choices = WEEKDAYS.iter().map(|w| (*w).to_owned()).collect();
        (WEEKDAY, GoldTarget::Choice { answer, choices })
    } else {
        (
            ADD,
            GoldTarget::Exact {
                answer: iso(calendar.add(date, days)),
            },
        )
    };
    let ask = draw
        .pick(asks)
        .replace("{n}", &days.to_string())
        .replace("{d}", &iso(date));
    let before = if draw.percent(30) {
        filler(draw, 200)
    } else {
        String::new()
    };
    Draft::single(page(&[&before, &ask]), target)
}

fn pose(draw: &mut Draw, difficulty: u8, weekday: bool) -> (Date, i64) {
    let (years, months, days): (&[i64], _, _) = match difficulty {
        1 => (&[2021, 2022, 2023, 2025], (1, 12), (1, 12)),
        2 => (&[2021, 2022, 2023, 2025], (3, 11), (18, 60)),
        3 => (&[2020, 2024, 2024, 2028, 2025], (1, 2), (30, 75)),
        4 => (&[1968, 1987, 1996, 2009, 2016, 2031], (1, 12), (200, 1_500)),
        _ if weekday => (&[1855, 1871, 1893, 2101, 2150, 2187], (1, 12), (1, 1)),
        _ => (&[1899, 2099, 1899, 2095], (5, 12), (300, 1_400)),
    };
    let date = (
        draw.pick(years),
        draw.int(months.0, months.1),
        draw.int(1, 15),
    );
    (date, draw.int(days.0, days.1))
}

fn iso((year, month, day): Date) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// Works with the first ISO date of the prompt.
pub fn solve(messages: &[Message], ability: &Ability) -> Option<Answer> {
    let prompt = last_user(messages);
    let date = find_date(prompt)?;
    let calendar = ability.calendar;
    if prompt.contains("day of the week") {
        // A long count back to the anchor is felt as one.
        let far = (date.0 - 2023).abs() as f64;
        let certainty = (0.95 - 0.004 * far * doubt(calendar)).max(0.3);
        let name = WEEKDAYS[calendar.weekday(date)];
        return Some(Answer::bare(name, certainty));
    }
    let days = numbers(prompt)
        .find(|(_, rest)| rest.starts_with(" days"))?
        .0 as i64;
    let certainty = (0.97 - 0.0004 * days as f64 * doubt(calendar)).max(0.3);
    // A bound keeps a hostile prompt from spinning the calendar.
    let result = calendar.add(date, days.clamp(0, 1_000_000));
    Some(Answer::bare(iso(result), certainty))
}

fn doubt(calendar: Calendar) -> f64 {
    match calendar {
        Calendar::ThirtyDayMonths => 3.0,
        Calendar::NoLeapYears => 2.0,
        Calendar::JulianLeapYears => 1.0,
        Calendar::Gregorian => 0.1,
    }
}

fn find_date(text: &str) -> Option<Date> {
    (0..text.len()).find_map(|start| {
        let word = text.get(start..start + 10)?;
        let shape = |(i, b): (usize, u8)| {
            if i == 4 || i == 7 {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        };
        if !word.bytes().enumerate().all(shape) {
            return None;
        }
        let (year, month, day): Date = (
            word[..4].parse().ok()?,
            word[5..7].parse().ok()?,
            word[8..].parse().ok()?,
        );
        (1800..=3000).contains(&year).then_some(())?;
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::builtin_tiers;

    #[test]
    fn small_misses_the_leap_day_and_medium_the_century() {
        let tiers = builtin_tiers();
        let ask = |p: &str, t: usize| {
            solve(&[Message::user(p)], &tiers[t].ability)
                .unwrap()
                .text()
        };
        let leap = "Which date is 20 days after 2024-02-15? Reply as YYYY-MM-DD and nothing else.";
        assert_eq!(
            (ask(leap, 1), ask(leap, 2)),
            ("2024-03-07".into(), "2024-03-06".into())
        );
        let century = "Count 100 days forward from 2100-01-10. Reply with the date.";
        assert_eq!(
            (ask(century, 2), ask(century, 3)),
            ("2100-04-19".into(), "2100-04-20".into())
        );
    }

    #[test]
    fn impossible_dates_are_not_dates() {
        assert_eq!(
            find_date("on 2024-13-01 or 2024-02-10."),
            Some((2024, 2, 10))
        );
        assert_eq!(find_date("ünïcödé 12-34"), None);
    }
}
