//! Long prompts go to the strong model: a baseline that many trained routers do not beat.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cut::{Cut, check_share};
use crate::text::Scope;
use crate::walk::OneCall;
use crate::{BuildContext, Decision, Policy, PolicyError, Request, Session};

/// `kind = "length"`; exactly one of `threshold_chars` and `share_strong` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The model for short prompts.
    pub weak: String,
    /// The model for long prompts.
    pub strong: String,
    /// Characters (Unicode scalar values) from which a prompt is long; 0 sends all to `strong`.
    pub threshold_chars: Option<u64>,
    /// Share of the judged samples that goes to `strong`, in `[0, 1]`. The threshold is read off
    /// their lengths alone; prompts of equal length go the same way, so the nearest share that
    /// can be had is taken, and the larger of two equally near.
    pub share_strong: Option<f64>,
    /// What is measured: `last_message` (default) or `conversation`.
    #[serde(default)]
    pub of: Scope,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        Ok(Arc::new(Length {
            weak: context.model(&self.weak)?,
            strong: context.model(&self.strong)?,
            cut: self.cut(context)?,
            of: self.of,
        }))
    }

    fn cut(&self, context: &BuildContext<'_>) -> Result<Cut, PolicyError> {
        match (self.threshold_chars, self.share_strong) {
            (Some(chars), None) => Ok(Cut::at_least(chars as f64)),
            (None, Some(share)) => {
                let share = check_share("share_strong", share)?;
                let samples = context.samples.iter();
                let chars = samples.map(|s| self.of.chars(&Request::of(s, 0, 0)) as f64);
                Ok(Cut::for_share(chars.collect(), share))
            }
            _ => Err(PolicyError::Value {
                key: "threshold_chars",
                problem: "or `share_strong` must be given, and only one of them".to_owned(),
            }),
        }
    }
}

struct Length {
    weak: Arc<str>,
    strong: Arc<str>,
    cut: Cut,
    of: Scope,
}

impl Policy for Length {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let chars = self.of.chars(&request) as f64;
        let decision = if self.cut.is_strong(chars) {
            Decision::call(&self.strong, "long prompt")
        } else {
            Decision::call(&self.weak, "short prompt")
        };
        OneCall::boxed(decision.ranked(chars).with_propensity(1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kinds::testing::{World, parse};

    const PAIR: &str = "kind = 'length'\nweak = 'weak'\nstrong = 'strong'\n";

    #[test]
    fn threshold_counts_characters_not_bytes() {
        let mut world = World::two_models(0);
        world.add("ééé", &[]);
        world.add("eeee", &[]);
        let text = format!("{PAIR}threshold_chars = 4");
        let policy = world.build(&text).unwrap();
        assert_eq!(world.walk(&*policy, 0).models(), ["weak"]);
        let long = world.walk(&*policy, 1);
        assert_eq!(long.models(), ["strong"]);
        assert_eq!(long.first().rank_score, Some(4.0));
        assert_eq!(long.accepted(), Some(0));
    }

    #[test]
    fn exactly_one_way_to_set_the_threshold() {
        let world = World::two_models(3);
        assert!(world.refusal(PAIR).contains("only one of them"));
        let both = format!("{PAIR}threshold_chars = 4\nshare_strong = 0.5");
        assert!(world.refusal(&both).contains("only one of them"));
        let off = format!("{PAIR}share_strong = 1.5");
        assert!(world.refusal(&off).contains("between 0 and 1"));
    }

    #[test]
    fn errors_point_at_the_place() {
        let error = parse(&format!("{PAIR}share = 0.5")).unwrap_err();
        assert!(error.to_string().contains("unknown field `share`"));
        assert!(error.to_string().contains("line 4, column 1"), "{error}");
        let error = parse(&format!("{PAIR}share_strong = 'half'")).unwrap_err();
        assert!(error.to_string().contains("line 4, column 16"), "{error}");
        let error = parse(&format!("{PAIR}of = 'title'")).unwrap_err();
        assert!(error.to_string().contains("line 4, column 6"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn share_is_kept_within_one_sample(n in 1usize..80, share in 0.0f64..=1.0) {
            let world = World::two_models(n);
            let policy = world.build(&format!("{PAIR}share_strong = {share:?}")).unwrap();
            let walks = world.walk_all(&*policy);
            let strong = walks.iter().filter(|w| w.models() == ["strong"]).count();
            prop_assert!((strong as f64 - share * n as f64).abs() <= 1.0);
        }
    }
}
