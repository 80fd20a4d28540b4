//! What the headers of a response say: ids, limits, the model that a gateway chose.

use hyper::HeaderMap;
use hyper::header::HeaderName;
use weighbridge_record::{Quota, ServedModel, ServerSaid};

use super::dates::unix_seconds;
use super::reading::shortened;

/// Headers that name the model a gateway chose, the most telling first.
const CHOSEN: [&str; 5] = [
    "x-vsr-selected-model",
    "x-litellm-adaptive-router-model",
    "x-litellm-model-name",
    "x-litellm-model-id",
    "x-portkey-last-used-option-index",
];

/// Headers in which a gateway names the target that answered: a deployment of LiteLLM, a place in the
/// configuration of Portkey.
const TARGETS: [&str; 2] = ["x-litellm-model-id", "x-portkey-last-used-option-index"];

/// Headers that name the request, the most common first.
const IDS: [&str; 7] = [
    // Before the id of the provider behind it, which it hands on as `request-id`.
    "x-litellm-call-id",
    "x-request-id",
    "request-id",
    "x-deepseek-request-id",
    "x-generation-id",
    "apim-request-id",
    "x-portkey-trace-id",
];

/// What the headers of one response say.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) request_id: Option<String>,
    pub(super) said: ServerSaid,
}

impl Head {
    /// Reads the headers. `model_header` is asked before all known ones.
    pub(super) fn read(headers: &HeaderMap, model_header: Option<&HeaderName>) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let named = |names: &[&'static str]| {
            let mut found = names.iter().filter_map(|name| Some((*name, text(name)?)));
            found.find(|(_, value)| !value.is_empty())
        };
        let number = |name: &str| text(name)?.trim().parse::<f64>().ok();
        let configured = model_header.and_then(|name| Some((name.as_str(), text(name.as_str())?)));
        let chosen = configured.or_else(|| named(&CHOSEN));
        let mut said = ServerSaid {
            served_model: chosen.map(|(header, name)| ServedModel {
                name: shortened(name),
                from: header.to_owned(),
                is_alias: false,
            }),
            provider: text("x-portkey-provider").map(shortened),
            cost_usd: number("x-litellm-response-cost"),
            gateway_ms: number("x-litellm-overhead-duration-ms"),
            gateway_retries: retries(headers),
            gateway_fallbacks: whole(headers, "x-litellm-attempted-fallbacks"),
            gateway_target: named(&TARGETS).map(|(_, target)| shortened(target)),
            ..ServerSaid::default()
        };
        limits(headers, &mut said);
        Self {
            request_id: named(&IDS).map(|(_, id)| shortened(id)),
            said,
        }
    }

    /// Adds what the body says. `asked` is the name that was asked for.
    pub(super) fn with_body(mut self, body: BodySaid, asked: &str, is_gateway: bool) -> ServerSaid {
        let said = &mut self.said;
        if let (None, Some(name)) = (&said.served_model, body.model) {
            let is_same = name == asked;
            if is_gateway || !is_same {
                said.served_model = Some(ServedModel {
                    name,
                    from: "body".to_owned(),
                    is_alias: is_same,
                });
            }
        }
        said.provider = said.provider.take().or(body.provider);
        said.cost_usd = body.cost_usd.or(said.cost_usd);
        let others = body.gateway_try.map(|number| number.saturating_sub(1));
        said.gateway_fallbacks = said.gateway_fallbacks.or(others);
        said.model_load_ms = body.model_load_ms;
        self.said
    }
}

/// How often a gateway tried again. LiteLLM and Portkey count the tries after the first one (their
/// pages on response headers, 2026); Envoy counts all tries, and only where
/// `include_attempt_count_in_response` is set.
fn retries(headers: &HeaderMap) -> Option<u32> {
    let after_the_first = [
        "x-litellm-attempted-retries",
        "x-portkey-retry-attempt-count",
    ];
    let counted = after_the_first.iter().find_map(|name| whole(headers, name));
    let all = || whole(headers, "x-envoy-attempt-count");
    counted.or_else(|| all().map(|tries| tries.saturating_sub(1)))
}

/// A whole number. A gateway that gave up may say -1.
fn whole(headers: &HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// What the body of a response says beside the answer.
#[derive(Debug, Default)]
pub(super) struct BodySaid {
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) cost_usd: Option<f64>,
    /// Which try of a gateway answered, from 1.
    pub(super) gateway_try: Option<u32>,
    pub(super) model_load_ms: Option<f64>,
}

/// One pass over the headers: most responses have no limits at all.
fn limits(headers: &HeaderMap, said: &mut ServerSaid) {
    for (name, value) in headers {
        let Some((quota, field)) = place(name.as_str(), said) else {
            continue;
        };
        let Ok(value) = value.to_str() else {
            continue;
        };
        match field {
            "limit" => quota.limit = value.trim().parse().ok(),
            "remaining" => quota.remaining = value.trim().parse().ok(),
            _ => quota.reset_ms = reset_ms(value, headers),
        }
    }
}

/// Which quota a header speaks of: `x-ratelimit-FIELD-KIND` (OpenAI and relatives),
/// `anthropic-ratelimit-KIND-FIELD`, `x-ratelimit-FIELD` and `x-tokenlimit-FIELD` (Together).
fn place<'s, 'h>(header: &'h str, said: &'s mut ServerSaid) -> Option<(&'s mut Quota, &'h str)> {
    let (field, kind) = if let Some(rest) = header.strip_prefix("x-ratelimit-") {
        rest.split_once('-').unwrap_or((rest, "requests"))
    } else if let Some(rest) = header.strip_prefix("x-tokenlimit-") {
        (rest, "tokens")
    } else {
        let rest = header.strip_prefix("anthropic-ratelimit-")?;
        let (kind, field) = rest.rsplit_once('-')?;
        (field, kind)
    };
    let quota = match kind {
        "requests" => &mut said.requests,
        "tokens" => &mut said.tokens,
        _ => return None,
    };
    matches!(field, "limit" | "remaining" | "reset").then_some((quota, field))
}

/// A wait in milliseconds: a Go duration (`6m0s`, `12ms`), seconds, or a date, which is held
/// against the server's own clock.
fn reset_ms(text: &str, headers: &HeaderMap) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds * 1e3).filter(|ms| ms.is_finite());
    }
    duration_ms(text).or_else(|| until_ms(text, headers))
}

/// Milliseconds until a date by the clock of the server that sent these headers.
pub(super) fn until_ms(date: &str, headers: &HeaderMap) -> Option<f64> {
    let now = headers.get(hyper::header::DATE)?.to_str().ok()?;
    let wait = unix_seconds(date)? - unix_seconds(now)?;
    Some(wait.max(0.0) * 1e3)
}

/// A Go duration in milliseconds.
fn duration_ms(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let factor = match unit {
            "h" => 3.6e6,
            "m" => 6e4,
            "s" => 1e3,
            "ms" => 1.0,
            "us" | "µs" => 1e-3,
            "ns" => 1e-6,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> Head {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        Head::read(&headers.collect(), None)
    }

    #[test]
    fn limits_of_all_providers_are_read() {
        let openai = read(&[
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-tokens", "1999"),
            ("x-ratelimit-reset-requests", "6m0s"),
            ("x-ratelimit-reset-tokens", "12ms"),
            ("x-ratelimit-limit-project-tokens", "7"),
        ]);
        assert_eq!(openai.said.requests.limit, Some(500));
        assert_eq!(openai.said.requests.reset_ms, Some(360_000.0));
        assert_eq!(openai.said.tokens.remaining, Some(1999));
        assert_eq!(openai.said.tokens.reset_ms, Some(12.0));
        assert_eq!(openai.said.tokens.limit, None);
        let anthropic = read(&[
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("request-id", "req_1"),
            ("anthropic-ratelimit-requests-remaining", "3"),
            ("anthropic-ratelimit-input-tokens-remaining", "9"),
            ("anthropic-ratelimit-tokens-reset", "1994-11-06T08:49:40Z"),
        ]);
        assert_eq!(anthropic.request_id.as_deref(), Some("req_1"));
        assert_eq!(anthropic.said.requests.remaining, Some(3));
        assert_eq!(anthropic.said.tokens.reset_ms, Some(3000.0));
        assert_eq!(anthropic.said.tokens.remaining, None);
        let together = read(&[("x-ratelimit-remaining", "3"), ("x-tokenlimit-limit", "9")]);
        assert_eq!(together.said.requests.remaining, Some(3));
        assert_eq!(together.said.tokens.limit, Some(9));
        assert!(
            read(&[("server", "x"), ("x-ratelimit-foo", "1")])
                .said
                .is_empty()
        );
    }

    #[test]
    fn durations_are_read_and_nonsense_is_not() {
        assert_eq!(duration_ms("1h2m3.5s"), Some(3_723_500.0));
        assert_eq!(duration_ms("1m30s"), Some(90_000.0));
        for nonsense in ["", "x", "1", "1y", "s", "1994-11-06T08:49:37Z"] {
            assert_eq!(duration_ms(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_chosen_model_is_read_where_each_gateway_says_it() {
        for (header, value) in [
            ("x-vsr-selected-model", "strong"),
            ("x-litellm-model-name", "openai/strong"),
            ("x-portkey-last-used-option-index", "config.targets[1]"),
        ] {
            let head = read(&[(header, value)]);
            let body = BodySaid {
                model: Some("auto".to_owned()),
                ..BodySaid::default()
            };
            let served = head.with_body(body, "auto", true).served_model.unwrap();
            assert_eq!((&*served.name, &*served.from), (value, header));
            assert!(!served.is_alias);
        }
        let from_body = |name: &str, is_gateway| {
            let body = BodySaid {
                model: Some(name.to_owned()),
                ..BodySaid::default()
            };
            Head::default()
                .with_body(body, "auto", is_gateway)
                .served_model
        };
        assert_eq!(from_body("strong", true).unwrap().from, "body");
        assert!(!from_body("strong", true).unwrap().is_alias);
        assert!(from_body("auto", true).unwrap().is_alias);
        assert_eq!(from_body("auto", false), None);
        assert_eq!(from_body("auto-2026", false).unwrap().name, "auto-2026");
    }

    #[test]
    fn what_a_gateway_did_inside_is_read_in_its_own_counting() {
        let litellm = read(&[
            ("x-litellm-attempted-retries", "2"),
            ("x-litellm-attempted-fallbacks", "1"),
            ("x-litellm-model-id", "d-7"),
            ("x-envoy-attempt-count", "9"),
        ])
        .said;
        assert_eq!(
            (litellm.gateway_retries, litellm.gateway_fallbacks),
            (Some(2), Some(1))
        );
        assert_eq!(litellm.gateway_target.as_deref(), Some("d-7"));
        let portkey = read(&[
            ("x-portkey-retry-attempt-count", "3"),
            ("x-portkey-last-used-option-index", "config.targets[1]"),
        ])
        .said;
        assert_eq!(portkey.gateway_retries, Some(3));
        assert_eq!(portkey.gateway_target.as_deref(), Some("config.targets[1]"));
        let envoy = |n| read(&[("x-envoy-attempt-count", n)]).said.gateway_retries;
        assert_eq!((envoy("1"), envoy("3")), (Some(0), Some(2)));
        let odd = read(&[("x-portkey-retry-attempt-count", "-1")]).said;
        assert_eq!(odd.gateway_retries, None);
        let body = BodySaid {
            gateway_try: Some(3),
            ..BodySaid::default()
        };
        let openrouter = Head::default().with_body(body, "auto", true);
        assert_eq!(openrouter.gateway_fallbacks, Some(2));
    }

    #[test]
    fn a_configured_header_wins() {
        let own = HeaderName::from_static("x-choice");
        let headers = [("x-choice", "a"), ("x-litellm-model-name", "b")].map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let head = Head::read(&headers.into_iter().collect(), Some(&own));
        assert_eq!(head.said.served_model.unwrap().name, "a");
    }
}
