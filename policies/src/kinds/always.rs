//! Always the same model: the baselines and the single-model controls.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{BuildContext, Decision, Observed, Policy, PolicyError, Request, Session};

/// `kind = "always"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The model to call.
    pub model: String,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        Ok(Arc::new(Always {
            model: context.model(&self.model)?,
        }))
    }
}

struct Always {
    model: Arc<str>,
}

impl Policy for Always {
    fn open<'a>(&'a self, _request: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk { model: &self.model })
    }
}

struct Walk<'a> {
    model: &'a Arc<str>,
}

impl Session for Walk<'_> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match seen.len() {
            0 => Decision::call(self.model, "fixed").with_propensity(1.0),
            n => Decision::accept(n - 1, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    #[test]
    fn calls_its_model_and_accepts_what_comes_back() {
        let world = World::two_models(1);
        let policy = world.build("kind = 'always'\nmodel = 'strong'").unwrap();
        let walk = world.walk(&*policy, 0);
        assert_eq!(walk.models(), ["strong"]);
        assert_eq!(walk.first().propensity, Some(1.0));
        assert_eq!(walk.accepted(), Some(0));
        let refusal = world.refusal("kind = 'always'\nmodel = 'best'");
        assert!(refusal.contains("unknown model `best`; the fleet has strong, weak"));
    }
}
