//! Routes on a number recorded with the sample, for example the score of an external router.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weighbridge_datasets::Sample;

use crate::cut::{Cut, check_share, within};
use crate::walk::OneCall;
use crate::{BuildContext, Decision, Policy, PolicyError, Request, Session, Step};

/// `kind = "threshold"`; exactly one of `at_least` and `share_strong` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The model for low numbers.
    pub weak: String,
    /// The model for high numbers.
    pub strong: String,
    /// Key of the label that holds the number; every judged sample must have it.
    pub label: String,
    /// Number from which a request goes to `strong`; any finite number.
    pub at_least: Option<f64>,
    /// Share of the judged samples that goes to `strong`, in `[0, 1]`. Equal numbers go the same
    /// way: the nearest share that can be had is taken, and the larger of two equally near.
    pub share_strong: Option<f64>,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let samples = context.samples.iter();
        let numbers = samples.map(|sample| self.number(sample));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        let cut = match (self.at_least, self.share_strong) {
            (Some(least), None) => Cut::at_least(within("at_least", least, f64::MIN, f64::MAX)?),
            (None, Some(share)) => Cut::for_share(numbers, check_share("share_strong", share)?),
            _ => {
                return Err(PolicyError::Value {
                    key: "at_least",
                    problem: "or `share_strong` must be given, and only one of them".to_owned(),
                });
            }
        };
        Ok(Arc::new(Threshold {
            weak: context.model(&self.weak)?,
            strong: context.model(&self.strong)?,
            label: self.label.clone(),
            cut,
        }))
    }

    fn number(&self, sample: &Sample) -> Result<f64, PolicyError> {
        let value = sample.labels.get(&self.label);
        value
            .and_then(|v| number(v))
            .ok_or_else(|| PolicyError::Value {
                key: "label",
                problem: match value {
                    Some(value) => format!(
                        "`{}` of sample `{}` is `{value}`, not a finite number",
                        self.label, sample.id
                    ),
                    None => format!("`{}` is missing on sample `{}`", self.label, sample.id),
                },
            })
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite())
}

struct Threshold {
    weak: Arc<str>,
    strong: Arc<str>,
    label: String,
    cut: Cut,
}

impl Policy for Threshold {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let Some(score) = request.labels.get(&self.label).and_then(|v| number(v)) else {
            // Only a request that was not there when the policy was built can come here.
            return OneCall::boxed(Decision::new(Step::Abstain, "no recorded number"));
        };
        let decision = if self.cut.is_strong(score) {
            Decision::call(&self.strong, "number reaches the threshold")
        } else {
            Decision::call(&self.weak, "number below the threshold")
        };
        OneCall::boxed(decision.ranked(score).with_propensity(1.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    const PAIR: &str = "kind = 'threshold'\nweak = 'weak'\nstrong = 'strong'\nlabel = 'score'\n";

    fn world() -> World {
        let mut world = World::two_models(0);
        for score in ["0.1", "0.9", "-2e-1", "0.5"] {
            world.add("q", &[("score", score)]);
        }
        world
    }

    fn strong(world: &World, rest: &str) -> Vec<bool> {
        let policy = world.build(&format!("{PAIR}{rest}")).unwrap();
        let walks = world.walk_all(&*policy);
        walks.iter().map(|w| w.models() == ["strong"]).collect()
    }

    #[test]
    fn the_threshold_itself_is_strong() {
        let world = world();
        assert_eq!(strong(&world, "at_least = 0.5"), [false, true, false, true]);
        assert_eq!(
            strong(&world, "share_strong = 0.75"),
            [true, true, false, true]
        );
    }

    #[test]
    fn every_sample_needs_a_number() {
        let mut world = world();
        world.add("q", &[("score", "high")]);
        let text = format!("{PAIR}at_least = 0.5");
        assert!(world.refusal(&text).contains("sample `s4` is `high`"));
        world.samples.pop();
        world.add("q", &[]);
        assert!(world.refusal(&text).contains("missing on sample `s4`"));
    }

    #[test]
    fn exactly_one_way_to_set_the_threshold() {
        assert!(world().refusal(PAIR).contains("only one of them"));
        let nan = format!("{PAIR}at_least = nan");
        assert!(world().refusal(&nan).contains("`at_least` is NaN"));
    }
}
