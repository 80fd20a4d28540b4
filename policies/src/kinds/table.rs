//! The best model for each value of a label, learned from recorded outcomes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::choose::{Chooser, Wanted};
use crate::cut::not_negative;
use crate::learn::{Lessons, Worth, shrunken};
use crate::walk::OneCall;
use crate::{BuildContext, Decision, Policy, PolicyError, Request, Session};

/// `kind = "table"`; learned.
///
/// For each value of the label and each model the mean score of the fit samples is drawn towards
/// the model's overall mean, `(sum + pseudo_counts * overall) / (n + pseudo_counts)`, and the model
/// with the largest `score - cost_weight * cost` is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Key of the label that selects the row. The policy sees it: a label that is unknown in
    /// production makes an unfair router.
    pub label: String,
    /// Quality points (scores are in `[0, 1]`) given up for one US dollar a request, at least 0;
    /// 0 (the default) ignores cost.
    #[serde(default)]
    pub cost_weight: f64,
    /// Strength of the overall mean, in samples, at least 0; 0 trusts every row as it is.
    #[serde(default = "ten")]
    pub pseudo_counts: f64,
    /// Model for a sample without the label or with a value never seen; by default the best
    /// model overall.
    pub default: Option<String>,
    /// Candidate models; all of the fleet that have outcomes when absent.
    pub models: Option<Vec<String>>,
    /// Weak model of the two-model form, where the estimated gap ranks requests.
    pub weak: Option<String>,
    /// Strong model of the two-model form.
    pub strong: Option<String>,
    /// Share of the judged samples that goes to `strong`, in `[0, 1]`: those of the largest gap.
    /// Samples of one label value go the same way, so the nearest share is taken. When absent,
    /// `strong` is called where the gap is above 0.
    pub share_strong: Option<f64>,
}

fn ten() -> f64 {
    10.0
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        not_negative("pseudo_counts", self.pseudo_counts)?;
        let wanted = Wanted {
            cost_weight: self.cost_weight,
            models: self.models.as_ref(),
            weak: self.weak.as_ref(),
            strong: self.strong.as_ref(),
            share_strong: self.share_strong,
        };
        let lessons = Lessons::read(context, wanted.models(context)?, self.cost_weight > 0.0)?;
        let rows = self.rows(&lessons);
        let row = |value: Option<&String>| {
            let row = value.and_then(|v| rows.get(v.as_str()));
            row.unwrap_or(&lessons.overall)
        };
        let chooser = wanted.chooser(lessons.models.clone(), |chooser| {
            let values = context.samples.iter().map(|s| s.labels.get(&self.label));
            values.map(|v| chooser.gap(row(v))).collect()
        })?;
        let decided = rows.iter().map(|(value, worths)| {
            let decision = chooser.decide(worths, "best for its label");
            ((*value).to_owned(), decision)
        });
        Ok(Arc::new(Table {
            label: self.label.clone(),
            decided: decided.collect(),
            otherwise: self.otherwise(context, &chooser, &lessons)?,
        }))
    }

    fn rows<'l>(&self, lessons: &Lessons<'l>) -> BTreeMap<&'l str, Vec<Worth>> {
        let mut members = BTreeMap::<&str, Vec<usize>>::new();
        for (index, sample) in lessons.samples.iter().enumerate() {
            if let Some(value) = sample.labels.get(&self.label) {
                members.entry(value).or_default().push(index);
            }
        }
        let row = |members: &Vec<usize>| {
            let models = lessons.overall.iter().enumerate();
            models
                .map(|(m, overall)| {
                    let cells = members.iter().map(|index| &lessons.rows[*index][m]);
                    shrunken(cells, *overall, self.pseudo_counts)
                })
                .collect()
        };
        let rows = members.iter();
        rows.map(|(value, members)| (*value, row(members)))
            .collect()
    }

    fn otherwise(
        &self,
        context: &BuildContext<'_>,
        chooser: &Chooser,
        lessons: &Lessons<'_>,
    ) -> Result<Decision, PolicyError> {
        let mut decision = chooser.decide(&lessons.overall, "best overall; label not seen");
        if let Some(name) = &self.default {
            decision.step = crate::Step::Call(context.model(name)?);
            decision.reason = "default; label not seen".into();
        }
        Ok(decision)
    }
}

struct Table {
    label: String,
    // Looked up only, never iterated.
    decided: HashMap<String, Decision>,
    otherwise: Decision,
}

impl Policy for Table {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let value = request.labels.get(&self.label);
        let row = value.and_then(|v| self.decided.get(v));
        OneCall::boxed(row.unwrap_or(&self.otherwise).clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    const TABLE: &str = "kind = 'table'\nlabel = 'task'\n";
    const PAIR: &str = "weak = 'weak'\nstrong = 'strong'\n";

    /// The strong model is better at mathematics (60 samples), the weak one at style (40).
    fn world() -> World {
        let mut world = World::two_models(0);
        for i in 0..100 {
            let task = if i < 60 { "math" } else { "style" };
            let index = world.add("q", &[("task", task)]);
            let weak = f64::from(u8::from(task == "style" || i % 2 == 0));
            world.outcome(index, "weak", weak);
            world.outcome(index, "strong", if task == "math" { 1.0 } else { 0.5 });
        }
        world
    }

    #[test]
    fn each_label_gets_its_best_model() {
        let world = world();
        let policy = world.build(TABLE).unwrap();
        assert_eq!(world.walk(&*policy, 0).models(), ["strong"]);
        assert_eq!(world.walk(&*policy, 99).models(), ["weak"]);
        assert_eq!(world.walk(&*policy, 0).first().rank_score, None);
        assert_eq!(world.walk(&*policy, 0).first().candidates.len(), 2);
    }

    #[test]
    fn the_gap_is_shrunken_towards_the_overall_gap() {
        let world = world();
        let policy = world.build(&format!("{TABLE}{PAIR}")).unwrap();
        // Overall means: weak (30 + 40)/100 = 0.7, strong (60 + 20)/100 = 0.8.
        let weak = (30.0 + 10.0 * 0.7) / 70.0;
        let strong = (60.0 + 10.0 * 0.8) / 70.0;
        let gap = world.walk(&*policy, 0).first().rank_score.unwrap();
        assert!((gap - (strong - weak)).abs() < 1e-12);
        assert!(world.walk(&*policy, 99).first().rank_score.unwrap() < 0.0);
    }

    #[test]
    fn a_share_takes_the_largest_gaps_first() {
        let world = world();
        let strong = |share| {
            let text = format!("{TABLE}{PAIR}share_strong = {share}");
            let policy = world.build(&text).unwrap();
            let walks = world.walk_all(&*policy);
            walks.iter().filter(|w| w.models() == ["strong"]).count()
        };
        assert_eq!(strong("0.0"), 0);
        assert_eq!(strong("0.5"), 60);
        assert_eq!(strong("1.0"), 100);
    }

    #[test]
    fn cost_moves_the_choice_to_the_cheap_model() {
        let world = world();
        // The strong model costs 0.01 and the weak one 0.001 US dollars a request.
        let policy = world.build(&format!("{TABLE}cost_weight = 100.0")).unwrap();
        assert_eq!(world.walk(&*policy, 0).models(), ["weak"]);
    }

    #[test]
    fn an_unseen_label_goes_to_the_default_or_the_best_overall() {
        let mut world = world();
        let plain = world.build(TABLE).unwrap();
        let fixed = world.build(&format!("{TABLE}default = 'weak'")).unwrap();
        let unseen = world.add("q", &[("task", "law")]);
        world.outcome(unseen, "weak", 1.0);
        world.outcome(unseen, "strong", 1.0);
        assert_eq!(world.walk(&*plain, unseen).models(), ["strong"]);
        assert_eq!(world.walk(&*fixed, unseen).models(), ["weak"]);
    }

    #[test]
    fn cost_weight_needs_costs() {
        let mut world = World::two_models(0);
        let index = world.add("q", &[("task", "math")]);
        let scored = |model| {
            let score = weighbridge_datasets::Score::Value(1.0);
            weighbridge_datasets::Outcome::scored(format!("s{index}"), model, score)
        };
        world.outcomes.push(scored("weak"));
        world.outcomes.push(scored("strong"));
        assert!(world.build(TABLE).is_ok());
        let refusal = world.refusal(&format!("{TABLE}cost_weight = 1.0"));
        assert!(refusal.contains("needs a cost or token usage"), "{refusal}");
    }

    #[test]
    fn a_model_that_was_never_scored_cannot_be_learned() {
        let mut world = World::two_models(0);
        world.add("q", &[("task", "math")]);
        world.outcome(0, "weak", 1.0);
        assert!(
            world.build(TABLE).is_ok(),
            "the fleet's unrecorded model is left out"
        );
        let refusal = world.refusal(&format!("{TABLE}{PAIR}"));
        assert!(
            refusal.contains("`strong` has no scored outcome"),
            "{refusal}"
        );
    }
}
