//! What the headers of an answer say: limits, and what a gateway chose.

use super::body::ReplyBody;
use super::config::ChoiceReport;
use super::format::Format;
use super::state::FleetState;
use super::style::Limits;
use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};

type Headers = &'static [(&'static str, &'static str)];

const OPENAI: Headers = &[
    ("x-ratelimit-limit-requests", "50"),
    ("x-ratelimit-remaining-requests", "49"),
    ("x-ratelimit-reset-requests", "1m12s"),
    ("x-ratelimit-remaining-tokens", "39000"),
];

const TOGETHER: Headers = &[
    ("x-ratelimit-limit", "50"),
    ("x-ratelimit-remaining", "49"),
    ("x-tokenlimit-remaining", "39000"),
];

const ANTHROPIC: Headers = &[
    ("anthropic-ratelimit-requests-limit", "50"),
    ("anthropic-ratelimit-requests-remaining", "49"),
    ("anthropic-ratelimit-tokens-remaining", "39000"),
];

fn limits(format: Format) -> Headers {
    match format {
        Format::Anthropic => ANTHROPIC,
        Format::Chat | Format::Responses => OPENAI,
        Format::Relative(style) => match style.limits {
            Limits::Openai => OPENAI,
            Limits::Together => TOGETHER,
            Limits::None => &[],
        },
        Format::Gemini { .. } | Format::Tgi { .. } | Format::Ollama => &[],
    }
}

impl FleetState {
    /// Puts into the headers what a format and a gateway say there.
    pub(super) fn sign(
        &self,
        response: &mut Response<ReplyBody>,
        format: Format,
        tier: &str,
        asked: &str,
    ) {
        let headers = response.headers_mut();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        if self.limit_headers {
            limits(format).iter().for_each(|(n, v)| put(n, v));
        }
        let Some(gateway) = self.gateway.as_ref().filter(|g| g.alias == asked) else {
            return;
        };
        match gateway.report {
            ChoiceReport::Litellm => {
                put("x-litellm-model-name", tier);
                put("x-litellm-overhead-duration-ms", "1.5");
                put("x-litellm-call-id", "scripted");
                put("x-litellm-model-id", "deployment-1");
                put("x-litellm-attempted-retries", &gateway.retries.to_string());
                put(
                    "x-litellm-attempted-fallbacks",
                    &gateway.fallbacks.to_string(),
                );
            }
            ChoiceReport::SemanticRouter => {
                put("x-vsr-selected-model", tier);
                put("x-vsr-selected-decision", "scripted");
            }
            ChoiceReport::Portkey => {
                let place = self.models.iter().position(|m| m.name == tier);
                let option = format!("config.targets[{}]", place.unwrap_or(0));
                put("x-portkey-last-used-option-index", &option);
                put("x-portkey-provider", "embedded");
                put(
                    "x-portkey-retry-attempt-count",
                    &gateway.retries.to_string(),
                );
            }
            ChoiceReport::Envoy => {
                // All tries, the first one too.
                put("x-envoy-attempt-count", &(gateway.retries + 1).to_string());
            }
            ChoiceReport::Body | ChoiceReport::Nowhere => {}
        }
    }
}
