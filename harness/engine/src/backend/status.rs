//! What an HTTP status means for an attempt.

use std::time::Duration;

use hyper::HeaderMap;
use weighbridge_record::AttemptErrorKind;

use super::head::until_ms;

/// The class of a status other than 2xx. A spent quota is refused for good, whatever its status.
pub(super) fn kind(status: u16, message: &str) -> AttemptErrorKind {
    match status {
        429 if message.contains("insufficient_quota") => AttemptErrorKind::Rejected,
        // 498: Groq's flexible tier is full.
        429 | 498 => AttemptErrorKind::RateLimited,
        408 => AttemptErrorKind::Timeout,
        500.. => AttemptErrorKind::Server,
        _ => AttemptErrorKind::Rejected,
    }
}

/// Longest wait that a server can mean: a monthly quota. Anything beyond is a broken clock or worse, and
/// would silence the backend for the rest of the run.
const MAX_WAIT: Duration = Duration::from_secs(31 * 86_400);

/// How long the server asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a date,
/// which is held against the server's own clock. Nonsense is as good as nothing.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1e3)
        .or_else(|| number("retry-after"))
        .or_else(|| {
            let date = headers.get("retry-after")?.to_str().ok()?;
            until_ms(date, headers).map(|ms| ms / 1e3)
        })?;
    let wait = Duration::try_from_secs_f64(seconds).ok()?;
    (wait <= MAX_WAIT).then_some(wait)
}

/// What a refusal without a word means, where its status says it.
pub(super) fn unsaid(status: u16, headers: &HeaderMap) -> Option<String> {
    if !(300..400).contains(&status) {
        return None;
    }
    let to = headers.get(hyper::header::LOCATION)?.to_str().ok()?;
    // What follows may be a secret.
    let to = to.split(['?', '#']).next().unwrap_or_default();
    Some(format!(
        "redirected to {to}: redirects are not followed; `base_url` must be the final address"
    ))
}

/// The kind of a body that is no stream of answers, such as the page of a proxy or of a wrong address.
pub(super) fn foreign(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(hyper::header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_page = [
        "text/html",
        "application/xhtml+xml",
        "application/xml",
        "text/xml",
    ];
    is_page
        .contains(&kind.to_ascii_lowercase().as_str())
        .then_some(kind)
}

/// How a body is compressed, if it is; nothing here asks for that, and nothing can read it.
pub(super) fn encoding(headers: &HeaderMap) -> Option<&str> {
    let encoding = headers.get(hyper::header::CONTENT_ENCODING)?;
    let encoding = encoding.to_str().unwrap_or("unknown");
    (!encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_both_units_and_nonsense_is_ignored() {
        let wait = |name: &'static str, value: &'static str| {
            let headers = [(name, value)].map(|(n, v)| {
                let name = hyper::header::HeaderName::from_static(n);
                (name, hyper::header::HeaderValue::from_static(v))
            });
            retry_after(&HeaderMap::from_iter(headers))
        };
        assert_eq!(
            wait("retry-after-ms", "1500"),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(wait("retry-after", "0.5"), Some(Duration::from_millis(500)));
        let day = Duration::from_secs(86_400);
        assert_eq!(wait("retry-after", "86400"), Some(day));
        for nonsense in ["-1", "NaN", "inf", "soon", "1000000000000"] {
            assert_eq!(wait("retry-after", nonsense), None, "{nonsense}");
        }
        assert_eq!(wait("retry-after", "1e999"), None);
        assert_eq!(wait("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn a_redirect_says_where_to_without_what_may_be_secret() {
        use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
        let to = HeaderValue::from_static("https://h/login?token=sk-1#x");
        let mut headers = HeaderMap::from_iter([(LOCATION, to)]);
        let said = unsaid(302, &headers).unwrap();
        assert!(
            said.contains("https://h/login:") && !said.contains("sk-1"),
            "{said}"
        );
        assert_eq!(unsaid(500, &headers), None);
        assert_eq!(unsaid(302, &HeaderMap::new()), None);
        for (kind, is_foreign) in [
            ("Text/HTML; charset=utf-8", true),
            ("text/event-stream", false),
            ("text/plain", false),
            ("application/x-ndjson", false),
        ] {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(foreign(&headers).is_some(), is_foreign, "{kind}");
        }
    }

    #[test]
    fn a_spent_quota_is_not_a_rate_limit() {
        assert_eq!(kind(429, "slow down"), AttemptErrorKind::RateLimited);
        let spent = kind(429, "no credit (insufficient_quota)");
        assert!(!spent.is_transient());
        assert_eq!(kind(301, ""), AttemptErrorKind::Rejected);
        assert_eq!(kind(503, ""), AttemptErrorKind::Server);
    }
}
