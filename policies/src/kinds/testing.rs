//! A made-up world to walk policies in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use toml::de::{DeTable, ValueDeserializer};
use weighbridge_datasets::{Outcome, OutcomeStore, Sample, Score, Target};

use crate::{
    BuildContext, Decision, FitData, Fleet, ModelInfo, Observed, Policy, PolicyConfig, PolicyError,
    Request, Step,
};

/// A fleet, samples and what each model answers to each.
pub(crate) struct World {
    pub(crate) fleet: Fleet,
    pub(crate) samples: Vec<Sample>,
    pub(crate) outcomes: OutcomeStore,
    pub(crate) earlier: BTreeMap<String, Arc<dyn Policy>>,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
}

/// What happened to one request.
pub(crate) struct Walk {
    pub(crate) decisions: Vec<Decision>,
    called: Vec<Arc<str>>,
}

impl Walk {
    /// The models called, in order.
    pub(crate) fn models(&self) -> Vec<&str> {
        self.called.iter().map(|m| &**m).collect()
    }

    pub(crate) fn first(&self) -> &Decision {
        &self.decisions[0]
    }

    pub(crate) fn last(&self) -> &Decision {
        &self.decisions[self.decisions.len() - 1]
    }

    /// Position of the accepted attempt.
    pub(crate) fn accepted(&self) -> Option<usize> {
        match self.last().step {
            Step::Accept(attempt) => Some(attempt),
            _ => None,
        }
    }
}

/// A model by name and price per million tokens (the same in and out).
pub(crate) fn model(name: &str, price: f64) -> ModelInfo {
    ModelInfo {
        name: name.into(),
        input_per_mtok_usd: price,
        output_per_mtok_usd: price,
        capabilities: Default::default(),
        context_tokens: None,
    }
}

/// The typed configuration of a policy's text, by the two passes of an experiment file.
pub(crate) fn parse(text: &str) -> Result<PolicyConfig, toml::de::Error> {
    let mut table = DeTable::parse(text)?;
    let kind = table.get_mut().remove("kind").expect("kind");
    let kind = kind.into_inner().as_str().expect("kind is text").to_owned();
    let span = table.span();
    let rest = toml::Spanned::new(span, toml::de::DeValue::Table(table.into_inner()));
    PolicyConfig::parse(&kind, ValueDeserializer::from(rest))
        .expect("known kind")
        .map_err(|mut error| {
            error.set_input(Some(text));
            error
        })
}

impl World {
    /// Models `weak` and `strong` (ten times dearer) and samples `s0`, `s1`, … where the strong
    /// model is right and the weak one is right on even samples. Prompt `i` has `i + 1` letters.
    pub(crate) fn two_models(samples: usize) -> Self {
        let mut world = Self {
            fleet: Fleet::new(vec![model("strong", 10.0), model("weak", 1.0)]),
            samples: Vec::new(),
            outcomes: OutcomeStore::new(),
            earlier: BTreeMap::new(),
            folder: PathBuf::new(),
            seed: 42,
        };
        for i in 0..samples {
            world.add(&"x".repeat(i + 1), &[]);
            world.outcome(i, "weak", if i % 2 == 0 { 1.0 } else { 0.0 });
            world.outcome(i, "strong", 1.0);
        }
        world
    }

    /// Adds a sample; returns its index.
    pub(crate) fn add(&mut self, prompt: &str, labels: &[(&str, &str)]) -> usize {
        let index = self.samples.len();
        let target = Target::Recorded { chance: None };
        let mut sample = Sample::of_prompt(format!("s{index}"), prompt, target);
        for (key, value) in labels {
            sample = sample.with_label(key, *value);
        }
        self.samples.push(sample);
        index
    }

    /// Adds an outcome with an answer, a confidence equal to its score, and a cost of one
    /// thousandth of the model's price.
    pub(crate) fn outcome(&mut self, sample: usize, model: &str, score: f64) {
        let price = self.fleet.get(model).expect("model").input_per_mtok_usd;
        let mut outcome = Outcome::scored(format!("s{sample}"), model, Score::Value(score));
        outcome.answer = Some(format!("{model} says {score}"));
        outcome.confidence = Some(score);
        outcome.cost_usd = Some(price / 1000.0);
        self.outcomes.push(outcome);
    }

    /// Adds a failed outcome.
    pub(crate) fn failure(&mut self, sample: usize, model: &str, reason: &str) {
        let score = Score::Failed(reason.to_owned());
        self.outcomes
            .push(Outcome::scored(format!("s{sample}"), model, score));
    }

    /// Builds a policy that may learn from all samples of the world.
    pub(crate) fn build(&self, text: &str) -> Result<Arc<dyn Policy>, PolicyError> {
        let config = parse(text).expect("configuration");
        config.build(&BuildContext {
            name: "tested",
            seed: self.seed,
            fleet: &self.fleet,
            samples: &self.samples,
            fit: Some(FitData {
                samples: self.samples.iter().collect(),
                outcomes: &self.outcomes,
            }),
            earlier: &self.earlier,
            folder: &self.folder,
        })
    }

    /// Builds a policy that later ones can name.
    pub(crate) fn earlier(&mut self, name: &str, text: &str) {
        let policy = self.build(text).expect("earlier policy");
        self.earlier.insert(name.to_owned(), policy);
    }

    /// Why a policy cannot be built.
    pub(crate) fn refusal(&self, text: &str) -> String {
        let built = self.build(text);
        built.err().expect("must be refused").to_string()
    }

    /// Walks one sample and settles it.
    pub(crate) fn walk(&self, policy: &dyn Policy, index: usize) -> Walk {
        self.walk_as(policy, index, index)
    }

    /// Walks a sample at a position in arrival order and settles it.
    pub(crate) fn walk_as(&self, policy: &dyn Policy, index: usize, position: usize) -> Walk {
        let request = Request::of(&self.samples[index], position, 0);
        let mut session = policy.open(request);
        let mut seen: Vec<Observed<'_>> = Vec::new();
        let (mut decisions, mut called) = (Vec::new(), Vec::new());
        let accepted = loop {
            assert!(
                called.len() <= 2 * self.fleet.models().len(),
                "endless walk"
            );
            let decision = session.next(&seen);
            let step = decision.step.clone();
            decisions.push(decision);
            match step {
                Step::Call(model) => {
                    let outcome = self.outcomes.get(request.id, &model);
                    let name = &self.fleet.get(&model).expect("model of the fleet").name;
                    seen.push(observe(name, outcome));
                    called.push(model);
                }
                Step::Accept(attempt) => break Some(seen[attempt]),
                Step::Serve { .. } | Step::Abstain => break None,
            }
        };
        let spent = seen.iter().map(|attempt| attempt.cost_usd).sum();
        policy.settle(request, accepted, spent);
        Walk { decisions, called }
    }

    /// Walks all samples in order; the models called for each.
    pub(crate) fn walk_all(&self, policy: &dyn Policy) -> Vec<Walk> {
        let indices = 0..self.samples.len();
        indices.map(|index| self.walk(policy, index)).collect()
    }
}

fn observe<'a>(model: &'a str, outcome: Option<&'a Outcome>) -> Observed<'a> {
    let failure = match outcome.map(|o| &o.score) {
        Some(Score::Failed(reason)) => Some(reason.as_str()),
        Some(_) => None,
        None => Some("no recorded outcome"),
    };
    Observed {
        model,
        answer: outcome.and_then(|o| o.answer.as_deref()),
        failure,
        confidence: outcome.and_then(|o| o.confidence),
        judged: outcome.and_then(|o| o.score.value()),
        cost_usd: outcome.and_then(|o| o.cost_usd).unwrap_or(0.0),
    }
}
