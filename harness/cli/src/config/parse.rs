//! First pass: TOML with positions, then each part to its own structure.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use weighbridge_record::GatePolicy;

use super::error::ConfigError;
use super::policy;
use super::written::{GateWritten, Top, Written};

/// A file's name and text, for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    pub(crate) fn at(&self, span: &Range<usize>, message: impl Into<String>) -> ConfigError {
        ConfigError::at(self.path, self.text, span, message)
    }

    pub(crate) fn toml(&self, error: &toml::de::Error) -> ConfigError {
        ConfigError::toml(self.path, self.text, error)
    }
}

/// Reads an experiment file.
pub(crate) fn parse(source: Source<'_>) -> Result<Written, ConfigError> {
    let document = DeTable::parse(source.text).map_err(|e| source.toml(&e))?;
    let whole = document.span();
    let mut table = document.into_inner();
    let backends = list(source, &mut table, "backend")?;
    let models = list(source, &mut table, "model")?;
    let faults = list(source, &mut table, "fault")?;
    let policies = entries(source, &mut table, "policy")?
        .into_iter()
        .map(|entry| policy::read(source, entry))
        .collect::<Result<_, _>>()?;
    let gate = table
        .remove("gate")
        .map(|value| gate(source, value))
        .transpose()?;
    let rest = ValueDeserializer::from(Spanned::new(whole, DeValue::Table(table)));
    let top = Top::deserialize(rest).map_err(|e| source.toml(&e))?;
    Ok(Written {
        top,
        gate,
        backends,
        models,
        faults,
        policies,
    })
}

fn list<T: DeserializeOwned>(
    source: Source<'_>,
    table: &mut DeTable<'_>,
    key: &str,
) -> Result<Vec<Spanned<T>>, ConfigError> {
    entries(source, table, key)?
        .into_iter()
        .map(|entry| {
            let span = entry.span();
            let value = T::deserialize(ValueDeserializer::from(entry));
            value
                .map(|v| Spanned::new(span, v))
                .map_err(|e| source.toml(&e))
        })
        .collect()
}

fn entries<'i>(
    source: Source<'_>,
    table: &mut DeTable<'i>,
    key: &str,
) -> Result<Vec<Spanned<DeValue<'i>>>, ConfigError> {
    let Some(value) = table.remove(key) else {
        return Ok(Vec::new());
    };
    let span = value.span();
    match value.into_inner() {
        DeValue::Array(items) => Ok(items.into_iter().collect()),
        _ => Err(source
            .at(&span, format!("`{key}` must be a list"))
            .with_hint(format!("write [[{key}]] with double brackets"))),
    }
}

/// `[gate]` is either `policy = "FILE"` alone or the rules themselves.
fn gate(source: Source<'_>, value: Spanned<DeValue<'_>>) -> Result<GateWritten, ConfigError> {
    if let DeValue::Table(table) = value.get_ref()
        && let Some(file) = table.get("policy")
    {
        if let Some((other, _)) = table.iter().find(|(key, _)| key.get_ref() != "policy") {
            return Err(source
                .at(
                    &other.span(),
                    "a gate has either `policy` or rules of its own",
                )
                .with_hint("move the rules into the policy file, or remove `policy`"));
        }
        return match file.get_ref() {
            DeValue::String(path) => Ok(GateWritten::File(Spanned::new(
                file.span(),
                path.to_string(),
            ))),
            _ => Err(source.at(&file.span(), "`policy` is the name of a file")),
        };
    }
    let span = value.span();
    let rules = GatePolicy::deserialize(ValueDeserializer::from(value));
    rules
        .map(|g| GateWritten::Rules(Spanned::new(span, g)))
        .map_err(|e| source.toml(&e))
}
