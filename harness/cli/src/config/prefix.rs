//! `[run.prefix]`: synthetic prompts and the server's prefix cache.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::error::ConfigError;
use super::parse::Source;
use crate::failure::Failure;

/// `[run.prefix]`: synthetic prompts (of imported traces) and the server's prefix cache. Prompts of
/// labelled samples are sent as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PrefixWritten {
    /// Eight words in front of every synthetic prompt, so that it is new to the server: new ones for
    /// every run if absent, the same over all parts of a resumed run. `none` sends the prompts as they
    /// are, for caches that are to be warm. 16 hexadecimal digits send what the run sent whose header
    /// has them as `prompt_nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) nonce: Option<Spanned<String>>,
    /// Largest share of the prompt tokens that the server may find in its prefix cache beyond what the
    /// prompts share by design, 0.02 if absent; beyond it the run is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_excess: Option<Spanned<f64>>,
    /// Largest share of the prompt tokens that are shared by design and that the server does not find;
    /// if absent, the report warns of more than 0.1, and the run is valid: how much a server keeps is
    /// its own affair.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_shortfall: Option<Spanned<f64>>,
}

impl PrefixWritten {
    /// Whether nothing is written.
    pub(crate) fn is_default(&self) -> bool {
        self.nonce.is_none() && self.max_excess.is_none() && self.max_shortfall.is_none()
    }
}

/// The words in front of synthetic prompts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum NonceRule {
    /// New ones for every run.
    #[default]
    Fresh,
    /// None.
    None,
    /// Those of this number.
    Fixed(u64),
}

/// How synthetic prompts are sent, and what the server may find of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PrefixRule {
    pub(crate) nonce: NonceRule,
    pub(crate) max_excess: f64,
    /// Beyond it the run is invalid; absent where it is only warned of.
    pub(crate) max_shortfall: Option<f64>,
}

impl Default for PrefixRule {
    fn default() -> Self {
        Self {
            nonce: NonceRule::default(),
            max_excess: 0.02,
            max_shortfall: None,
        }
    }
}

/// Refuses the keys where they would be without effect.
pub(super) fn check(
    source: Source<'_>,
    written: &PrefixWritten,
    is_live: bool,
    is_synthetic: bool,
) -> Result<(), ConfigError> {
    let nonce = written.nonce.as_ref().map(Spanned::span);
    let shares = [&written.max_excess, &written.max_shortfall];
    let mut shares = shares.into_iter().flatten().map(Spanned::span);
    let Some(place) = nonce.or_else(|| shares.next()) else {
        return Ok(());
    };
    let problem = match (is_live, is_synthetic) {
        (true, true) => return Ok(()),
        (true, false) => "[run.prefix] has no effect: none of the prompts is synthetic",
        (false, _) => "[run.prefix] has no effect: a replay sends nothing",
    };
    Err(source
        .at(&place, problem)
        .with_hint("remove it; it is for live runs of imported traces"))
}

impl PrefixRule {
    /// Checks what is written.
    pub(super) fn of(source: Source<'_>, written: &PrefixWritten) -> Result<Self, Failure> {
        let share = |value: &Option<Spanned<f64>>| match value {
            Some(share) if !(0.0..=1.0).contains(share.get_ref()) => {
                Err(source.at(&share.span(), "must be a share from 0 to 1"))
            }
            share => Ok(share.as_ref().map(|share| *share.get_ref())),
        };
        let nonce = match &written.nonce {
            None => NonceRule::Fresh,
            Some(nonce) if nonce.get_ref() == "none" => NonceRule::None,
            Some(nonce) => {
                let digits = nonce.get_ref();
                let number = u64::from_str_radix(digits, 16).ok();
                let number = number.filter(|_| digits.len() == 16 && !digits.starts_with('+'));
                NonceRule::Fixed(number.ok_or_else(|| {
                    source
                        .at(
                            &nonce.span(),
                            format!(
                                "`{digits}` is no nonce: it is `none` or 16 hexadecimal digits"
                            ),
                        )
                        .with_hint("without this key every run has words of its own")
                })?)
            }
        };
        Ok(Self {
            nonce,
            max_excess: share(&written.max_excess)?.unwrap_or(Self::default().max_excess),
            max_shortfall: share(&written.max_shortfall)?,
        })
    }
}
