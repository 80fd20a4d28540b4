//! One `[[policy]]` table: common keys first, then the kind's own.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use weighbridge_policies::PolicyConfig;
use weighbridge_record::PolicyRole;

use super::error::{ConfigError, nearest};
use super::parse::Source;

/// One policy with the positions of everything in its table.
#[derive(Debug)]
pub(crate) struct PolicyWritten {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) role: PolicyRole,
    pub(crate) fit: Option<FitRule>,
    pub(crate) overhead_ms: Option<f64>,
    pub(crate) overhead_cost_usd: Option<f64>,
    pub(crate) config: PolicyConfig,
    pub(crate) spans: Spans,
}

/// Where things are in a policy's table, for errors that are found later.
#[derive(Debug, Default, Clone)]
pub(crate) struct Spans {
    pub(crate) table: Range<usize>,
    pub(crate) name: Range<usize>,
    values: Vec<(String, Range<usize>)>,
    strings: Vec<(String, Range<usize>)>,
}

impl Spans {
    /// The value of a key; the whole table if the key is not there.
    pub(crate) fn key(&self, key: &str) -> &Range<usize> {
        self.values
            .iter()
            .find(|(k, _)| k == key)
            .map_or(&self.table, |(_, span)| span)
    }

    /// The first string value of this text.
    pub(crate) fn text(&self, text: &str) -> &Range<usize> {
        self.strings
            .iter()
            .find(|(s, _)| s == text)
            .map_or(&self.table, |(_, span)| span)
    }

    fn collect(&mut self, key: &str, value: &Spanned<DeValue<'_>>) {
        self.values.push((key.to_owned(), value.span()));
        match value.get_ref() {
            DeValue::String(s) => self.strings.push((s.to_string(), value.span())),
            DeValue::Array(items) => items.iter().for_each(|item| self.collect(key, item)),
            DeValue::Table(table) => {
                table.iter().for_each(|(k, v)| {
                    self.strings.push((k.get_ref().to_string(), k.span()));
                    self.collect(k.get_ref(), v);
                });
            }
            _ => {}
        }
    }
}

/// What a learned policy may learn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum FitRule {
    /// The recorded outcomes of this split, which is not judged.
    Split(String),
    /// Cross-fit: this many folds by cluster; each sample is judged by a policy fitted on the others.
    Folds(u32),
}

/// Reads one policy.
pub(super) fn read(
    source: Source<'_>,
    table: Spanned<DeValue<'_>>,
) -> Result<PolicyWritten, ConfigError> {
    let whole = table.span();
    let DeValue::Table(mut table) = table.into_inner() else {
        return Err(source
            .at(&whole, "a policy is a table")
            .with_hint("write [[policy]] on a line of its own"));
    };
    let mut spans = Spans {
        table: whole.clone(),
        name: whole.clone(),
        ..Spans::default()
    };
    table
        .iter()
        .for_each(|(k, v)| spans.collect(k.get_ref(), v));
    spans.name = spans.key("name").clone();
    let name: String = required(source, &mut table, "name", &whole)?;
    let kind: String = required(source, &mut table, "kind", &whole)?;
    let role = optional(source, &mut table, "role")?.unwrap_or(PolicyRole::Other);
    let fit = optional(source, &mut table, "fit")?;
    let overhead_ms = optional(source, &mut table, "overhead_ms")?;
    let overhead_cost_usd = optional(source, &mut table, "overhead_cost_usd")?;
    let rest = ValueDeserializer::from(Spanned::new(whole, DeValue::Table(table)));
    let config = match PolicyConfig::parse(&kind, rest) {
        Some(parsed) => parsed.map_err(|e| source.toml(&e))?,
        None => return Err(unknown_kind(source, &kind, spans.key("kind"))),
    };
    Ok(PolicyWritten {
        name,
        kind,
        role,
        fit,
        overhead_ms,
        overhead_cost_usd,
        config,
        spans,
    })
}

fn unknown_kind(source: Source<'_>, kind: &str, span: &Range<usize>) -> ConfigError {
    let kinds = PolicyConfig::KINDS;
    let hint = match nearest(kind, kinds.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the kinds are {}", kinds.join(", ")),
    };
    source
        .at(span, format!("unknown policy kind `{kind}`"))
        .with_hint(hint)
}

fn required<'i, T: Deserialize<'i>>(
    source: Source<'_>,
    table: &mut DeTable<'i>,
    key: &str,
    whole: &Range<usize>,
) -> Result<T, ConfigError> {
    optional(source, table, key)?.ok_or_else(|| {
        source
            .at(whole, format!("missing key `{key}` in this policy"))
            .with_hint("each [[policy]] needs `name` and `kind`")
    })
}

fn optional<'i, T: Deserialize<'i>>(
    source: Source<'_>,
    table: &mut DeTable<'i>,
    key: &str,
) -> Result<Option<T>, ConfigError> {
    table
        .remove(key)
        .map(|value| T::deserialize(ValueDeserializer::from(value)).map_err(|e| source.toml(&e)))
        .transpose()
}
