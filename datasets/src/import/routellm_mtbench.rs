//! RouteLLM's MT-Bench judgements: two models, and two commercial routers.
//!
//! Source: `lm-sys/RouteLLM` (Apache-2.0). A judge rates each of the two turns of 80 questions
//! from 1 to 10. Each turn is one sample; the two turns of a question share a cluster, because they
//! are not independent. The score is `(rating - 1) / 9`, so that the worst rating is 0 and the best
//! is 1; [`rating`] turns means back. A rating of -1 tells that the judge gave none: the answer is
//! unscored and a finding counts it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::Deserialize;

use super::Imported;
use super::evals::{Contaminated, LICENCE, dropped, folder};
use super::source::Source;
use crate::health::{Finding, FindingKind, Severity};
use crate::{
    DataError, Dataset, Manifest, Message, Outcome, OutcomeStore, Role, Sample, Score, Target,
    Usage,
};

/// Turns a score in `[0, 1]`, or a mean of scores, back into the judge's scale of 1 to 10.
pub fn rating(score: f64) -> f64 {
    1.0 + 9.0 * score
}

/// Reads `mt_bench/judgements.jsonl`: the weak and the strong model, without the questions on the
/// list of contaminated prompts (72 questions, 144 samples remain). Identifiers are
/// `mtbench-<question>-<turn>`; labels are `category` and `turn`. Answers were not kept.
///
/// # Errors
/// Names the file and line of malformed JSON, an unknown question, or a rating that is neither -1
/// nor in 1 to 10.
pub fn judgements(dir: &Path) -> Result<Imported, DataError> {
    let folder = folder(dir, "mt_bench")?;
    let contaminated = Contaminated::read(&folder)?;
    let all = questions(&folder)?;
    let (left_out, kept): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|q| q.turns.first().is_some_and(|t| contaminated.contains(t)));
    let source = Source::open(
        folder.join("judgements.jsonl"),
        "this file holds the judgements of both models",
    )?;
    let mut reader = Reader::new(kept);
    reader.left_out = left_out.iter().map(|q| q.question_id).collect();
    reader.read(&source)?;
    let rows = left_out.iter().map(|q| q.turns.len() as u64).sum();
    let findings = dropped(rows).into_iter().collect();
    reader.finish("routellm-mtbench", findings, &folder)
}

/// Reads `benchmarks/mt-bench/gpt-4_single.jsonl`: the routers `unify` and `martian` on all 80
/// questions, as models of these names. Answers are kept, from `<model>.jsonl`; tokens are estimated
/// from characters.
///
/// # Errors
/// As [`judgements`] does; also when a judged answer is absent.
pub fn commercial(dir: &Path) -> Result<Imported, DataError> {
    let questions = questions(&folder(dir, "mt_bench")?)?;
    let folder = dir.join("benchmarks/mt-bench");
    let source = Source::open(
        folder.join("gpt-4_single.jsonl"),
        "give the checkout that holds benchmarks/mt-bench",
    )?;
    let mut reader = Reader::new(&questions);
    for model in ["unify", "martian"] {
        reader.answers(&folder, model)?;
    }
    reader.read(&source)?;
    reader.finish("routellm-commercial", Vec::new(), &folder)
}

#[derive(Deserialize)]
struct Question {
    question_id: u64,
    category: String,
    turns: Vec<String>,
}

#[derive(Deserialize)]
struct Judgement {
    question_id: u64,
    model: String,
    score: f64,
    turn: usize,
}

#[derive(Deserialize)]
struct Answer {
    question_id: u64,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    turns: Vec<String>,
}

fn questions(folder: &Path) -> Result<Vec<Question>, DataError> {
    let source = Source::open(
        folder.join("question.jsonl"),
        "this file holds the questions with their two turns",
    )?;
    source
        .lines()
        .map(|(line, json)| source.json(line, json))
        .collect()
}

/// Gathers judgements of known questions.
struct Reader<'a> {
    questions: BTreeMap<u64, &'a Question>,
    /// Contaminated questions, whose judgements are passed over.
    left_out: BTreeSet<u64>,
    answers: HashMap<(String, u64), Vec<String>>,
    outcomes: OutcomeStore,
    failures: BTreeMap<String, u64>,
}

impl<'a> Reader<'a> {
    fn new(questions: impl IntoIterator<Item = &'a Question>) -> Self {
        Self {
            questions: questions.into_iter().map(|q| (q.question_id, q)).collect(),
            left_out: BTreeSet::new(),
            answers: HashMap::new(),
            outcomes: OutcomeStore::new(),
            failures: BTreeMap::new(),
        }
    }

    fn answers(&mut self, folder: &Path, model: &str) -> Result<(), DataError> {
        let source = Source::open(
            folder.join(format!("{model}.jsonl")),
            "each router has a file with its answers",
        )?;
        for (line, json) in source.lines() {
            let answer: Answer = source.json(line, json)?;
            let turns = answer.choices.into_iter().next().map(|c| c.turns);
            let turns = turns.ok_or_else(|| {
                source
                    .invalid(line, "`choices` is empty")
                    .with_hint("each answer has one choice with two turns")
            })?;
            self.answers
                .insert((model.to_owned(), answer.question_id), turns);
        }
        Ok(())
    }

    fn read(&mut self, source: &Source) -> Result<(), DataError> {
        for (line, json) in source.lines() {
            let judgement: Judgement = source.json(line, json)?;
            match self.questions.get(&judgement.question_id) {
                Some(question) => {
                    let outcome = self
                        .outcome(question, &judgement)
                        .map_err(|what| source.invalid(line, what).with_hint(JUDGEMENT_HINT))?;
                    self.outcomes.push(outcome);
                }
                None if self.left_out.contains(&judgement.question_id) => {}
                None => {
                    let what = format!("unknown question {}", judgement.question_id);
                    return Err(source
                        .invalid(line, what)
                        .with_hint("question.jsonl lists the questions"));
                }
            }
        }
        Ok(())
    }

    fn outcome(&mut self, question: &Question, judged: &Judgement) -> Result<Outcome, String> {
        if judged.turn == 0 || judged.turn > question.turns.len() {
            return Err(format!("turn {}", judged.turn));
        }
        let score = if judged.score == -1.0 {
            *self.failures.entry(judged.model.clone()).or_default() += 1;
            Score::Unscored("judge gave no rating (-1)".to_owned())
        } else if (1.0..=10.0).contains(&judged.score) {
            Score::Value((judged.score - 1.0) / 9.0)
        } else {
            return Err(format!("rating {}", judged.score));
        };
        let mut outcome = Outcome::scored(id(question, judged.turn), &judged.model, score);
        let key = (judged.model.clone(), question.question_id);
        let answer = self
            .answers
            .get(&key)
            .and_then(|turns| turns.get(judged.turn - 1));
        if let Some(answer) = answer {
            let prompt = question.turns[..judged.turn].iter();
            let prompt_chars = prompt.map(|t| t.chars().count()).sum();
            outcome.usage = Some(Usage::estimate(prompt_chars, answer.chars().count()));
            outcome.answer = Some(answer.clone());
        } else if !self.answers.is_empty() {
            return Err(format!(
                "no answer of `{}` to question {}",
                judged.model, question.question_id
            ));
        }
        Ok(outcome)
    }

    fn finish(
        self,
        name: &str,
        mut findings: Vec<Finding>,
        origin: &Path,
    ) -> Result<Imported, DataError> {
        findings.extend(self.failures.iter().map(|(model, &n)| Finding {
            kind: FindingKind::JudgeFailure,
            severity: Severity::Warning,
            model: Some(model.clone()),
            slice: None,
            n,
            p: None,
            message: format!("the judge gave no rating (-1) for {n} answers of {model}"),
        }));
        let manifest = Manifest {
            name: name.to_owned(),
            source: "lm-sys/RouteLLM, MT-Bench judgements".to_owned(),
            licence: LICENCE.to_owned(),
            findings,
        };
        let samples = self.questions.values().flat_map(|q| samples(q)).collect();
        Ok(Imported {
            dataset: Dataset::new(manifest, samples, origin)?,
            outcomes: self.outcomes,
        })
    }
}

const JUDGEMENT_HINT: &str =
    "ratings are 1 to 10, or -1 where the judge failed, of turn 1 or 2 of a listed answer";

fn id(question: &Question, turn: usize) -> String {
    format!("mtbench-{:03}-{turn}", question.question_id)
}

/// One sample per turn. The answer to the first turn depends on the model and is no part of the
/// sample, so that the second has two user messages in a row.
fn samples(question: &Question) -> impl Iterator<Item = Sample> {
    (1..=question.turns.len()).map(|turn| {
        let messages = question.turns[..turn].iter().map(|text| Message {
            role: Role::User,
            content: text.clone(),
        });
        Sample {
            id: id(question, turn),
            messages: messages.collect(),
            target: Target::Recorded { chance: None },
            labels: BTreeMap::new(),
            cluster: Some(format!("mtbench-{:03}", question.question_id)),
            split: None,
            max_output_tokens: None,
            synthetic: false,
        }
        .with_label("category", &question.category)
        .with_label("turn", turn.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_map_to_the_unit_interval_and_back() {
        for (raw, score) in [(1.0, 0.0), (5.5, 0.5), (10.0, 1.0)] {
            assert_eq!((raw - 1.0) / 9.0, score);
            assert_eq!(rating(score), raw);
        }
    }
}
