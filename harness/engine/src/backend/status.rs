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

/// How long the server asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a date,
/// which is held against the server's own clock.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1e3)
        .or_else(|| number("retry-after"))
        .or_else(|| {
            let date = headers.get("retry-after")?.to_str().ok()?;
            until_ms(date, headers).map(|ms| ms / 1e3)
        })?;
    Duration::try_from_secs_f64(seconds).ok()
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
        assert_eq!(wait("retry-after", "-1"), None);
        assert_eq!(wait("retry-after", "1e999"), None);
        assert_eq!(wait("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
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
