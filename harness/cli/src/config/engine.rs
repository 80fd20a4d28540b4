//! `[[backend.engine]]`: what a prefix hit costs in the embedded fleet.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use weighbridge_mock::builtin_tiers;

use super::BackendWritten;
use super::error::{ConfigError, nearest};
use super::parse::Source;

/// `[[backend.engine]]`: the time to first token follows from what a hit costs, part by part, instead of
/// a plain rate of tokens. The speed of decoding stays that of the fleet's model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct EngineWritten {
    /// Model of the fleet (`nano`, `small`, `medium`, `large`); all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) model: Option<Spanned<String>>,
    /// The model preset whose weights and cache it stands for (`weighbridge kernels model` lists
    /// them), such as `llama3-8b`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub(crate) shape: Spanned<String>,
    /// Records of `weighbridge kernels run`, relative to the experiment file. What they measure is
    /// taken from them; presets say the rest. With a measured GPU nothing of the device is a preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) records: Option<Spanned<String>>,
    /// Where hits that left the device are fetched from: `device` (there are none; if absent),
    /// `host` (the link that the records measure), or a preset such as `host-pcie5` or `nvme`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) hits_from: Option<Spanned<String>>,
    /// Copy method of a measured link: `bulk`, `loop`, `batched` (if absent), `zero_copy_8`,
    /// `zero_copy_32` or `staged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) method: Option<Spanned<String>>,
    /// How blocks lie behind a measured link, which decides how many copies a block takes;
    /// `layer_first` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<LayoutWritten>"))]
    pub(crate) layout: Option<Spanned<LayoutWritten>>,
    /// Effective rate of the replica in TFLOP/s, instead of the preset's 600. Not beside a measured
    /// GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) tflops: Option<Spanned<f64>>,
    /// Newest tokens that stay in device memory; 65536 if absent, 0 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_tokens: Option<usize>,
    /// Older tokens that are kept where `hits_from` says; 1048576 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<usize>"))]
    pub(crate) offload_tokens: Option<Spanned<usize>>,
    /// Fewer tokens than this are computed again instead of fetched: the cache policy under test. 0
    /// if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<usize>"))]
    pub(crate) least_fetch_tokens: Option<Spanned<usize>>,
}

/// `engine.layout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum LayoutWritten {
    /// A copy for each layer, K and V apart.
    LayerFirst,
    /// A copy for each block.
    PageFirst,
    /// Two copies for each block, K and V.
    PageFirstDirect,
}

impl EngineWritten {
    /// Where hits come from.
    pub(crate) fn hits_from(&self) -> &str {
        self.hits_from.as_ref().map_or("device", |s| s.get_ref())
    }

    /// Name of what it applies to, in notes.
    pub(crate) fn of(&self) -> &str {
        self.model.as_ref().map_or("all", |m| m.get_ref())
    }
}

/// Checks what can be checked without reading records.
pub(super) fn check(source: Source<'_>, backend: &BackendWritten) -> Result<(), ConfigError> {
    let names: Vec<String> = builtin_tiers().into_iter().map(|t| t.name).collect();
    let mut taken: Vec<&str> = Vec::new();
    for engine in &backend.engines {
        let of = engine.of();
        if let Some(model) = engine
            .model
            .as_ref()
            .filter(|m| !names.contains(m.get_ref()))
        {
            let hint = nearest(of, names.iter().map(String::as_str)).map_or_else(
                || format!("its models are {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(source
                .at(
                    &model.span(),
                    format!("the embedded fleet has no model `{of}`"),
                )
                .with_hint(hint));
        }
        if taken.contains(&of) || (!taken.is_empty() && (of == "all" || taken.contains(&"all"))) {
            let span = engine.model.as_ref().unwrap_or(&engine.shape).span();
            return Err(source
                .at(&span, format!("a second [[backend.engine]] for `{of}`"))
                .with_hint("each model of the fleet has one engine"));
        }
        taken.push(of);
        values(source, engine)?;
    }
    Ok(())
}

fn values(source: Source<'_>, engine: &EngineWritten) -> Result<(), ConfigError> {
    if let Some(tflops) = &engine.tflops {
        let x = *tflops.get_ref();
        if !(x.is_finite() && x > 0.0) {
            return Err(source.at(&tflops.span(), "must be more than 0"));
        }
    }
    let keys = [
        ("offload_tokens", &engine.offload_tokens),
        ("least_fetch_tokens", &engine.least_fetch_tokens),
    ];
    let stray = keys
        .into_iter()
        .find_map(|(key, value)| Some((key, value.as_ref()?)));
    match stray.filter(|_| engine.hits_from() == "device") {
        Some((key, value)) => Err(source
            .at(
                &value.span(),
                format!("`{key}` has no effect: nothing is fetched"),
            )
            .with_hint("say where hits are fetched from, for example hits_from = \"host-pcie5\"")),
        None => Ok(()),
    }
}
