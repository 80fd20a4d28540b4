//! One arm of a flip.

use weighbridge_record::{RunReader, Score, Trial};

use crate::compare::Frame;
use crate::model::FlipSide;
use crate::table::{Arm, ScoreState};

/// Longest answer kept, in characters.
const ANSWER: usize = 1500;

/// The side of a policy; texts are read from the log where there is one. `unread` counts trials
/// whose line could not be read again.
pub(super) fn side(
    frame: &Frame<'_>,
    policy: usize,
    at: usize,
    reader: Option<&mut RunReader>,
    unread: &mut usize,
) -> FlipSide {
    let arm = &frame.table.arms()[policy];
    let place = arm.place[at];
    let trial = match reader {
        Some(reader) if place.len > 0 => match reader.read_at(place.offset, place.len) {
            Ok(trial) => Some(trial),
            Err(_) => {
                *unread += 1;
                None
            }
        },
        _ => None,
    };
    let fleet = &frame.table.header().fleet;
    let text = trial.as_ref().and_then(|t| t.answer.as_deref());
    let (answer, answer_cut_bytes) = text.map_or((None, 0), |text| {
        let (kept, cut) = shortened(text);
        (Some(kept), cut)
    });
    FlipSide {
        model: arm.final_model(at).map(|id| fleet[id].name.clone()),
        score: score(arm, at, trial.as_ref()),
        answer,
        answer_cut_bytes,
        route: trial.as_ref().map_or_else(Vec::new, reasons),
        cost_usd: arm.cost_usd[at],
        ttft_ms: Some(f64::from(arm.ttft_ms[at])).filter(|ms| !ms.is_nan()),
    }
}

fn score(arm: &Arm, at: usize, trial: Option<&Trial>) -> String {
    match trial.map(|t| &t.score) {
        Some(Score::Failed(reason)) => return format!("failed: {reason}"),
        Some(Score::Unscored(reason)) => return format!("unscored: {reason}"),
        Some(Score::Value(_)) | None => {}
    }
    match arm.state[at] {
        ScoreState::Value => arm.score[at].to_string(),
        ScoreState::Failed => "failed".to_owned(),
        ScoreState::Unscored => "unscored".to_owned(),
        ScoreState::Missing => "missing".to_owned(),
    }
}

fn reasons(trial: &Trial) -> Vec<String> {
    let reasons = trial.decisions.iter().map(|d| d.reason.to_string());
    reasons.filter(|reason| !reason.is_empty()).collect()
}

fn shortened(text: &str) -> (String, u64) {
    match text.char_indices().nth(ANSWER) {
        Some((end, _)) => (text[..end].to_owned(), (text.len() - end) as u64),
        None => (text.to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_are_cut_at_a_character_and_say_how_much_is_gone() {
        let text = "é".repeat(ANSWER + 3);
        let (kept, cut) = shortened(&text);
        assert_eq!((kept.chars().count(), cut), (ANSWER, 6));
        assert_eq!(shortened("short"), ("short".to_owned(), 0));
    }
}
