//! What a panic may say. A panic quotes whatever was at hand, and that may be a key.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::BTreeSet;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use crate::log_text::talk;

/// Environment variables whose values are never shown; the values are looked up when they are needed.
static HIDDEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Variables that may hold a proxy's password.
const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

/// Keeps the value of an environment variable out of whatever a panic says.
pub(crate) fn hide(variable: &str) {
    let mut hidden = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    hidden.insert(variable.to_owned());
}

/// From now on panics are told without secrets.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let backtrace = Backtrace::capture();
        eprintln!("{}", talk(&told(info, &secrets())));
        if backtrace.status() == BacktraceStatus::Captured {
            eprintln!("{backtrace}");
        }
    }));
}

fn told(info: &PanicHookInfo<'_>, secrets: &[String]) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = info.location().map(ToString::to_string);
    format!(
        "panic at {}: {}",
        place.as_deref().unwrap_or("an unknown place"),
        without(text.unwrap_or("no message"), secrets)
    )
}

/// Values of the hidden variables, the longest first: one may be part of another.
fn secrets() -> Vec<String> {
    let hidden = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    let own = hidden.iter().filter_map(|name| std::env::var(name).ok());
    let proxies = PROXIES.iter().filter_map(|name| std::env::var(name).ok());
    // The whole `user:password`, and the password alone.
    let proxies = proxies.filter_map(|url| {
        let user = url.rsplit_once('@')?.0;
        Some(
            user.rsplit_once("://")
                .map_or(user, |(_, user)| user)
                .to_owned(),
        )
    });
    let passwords = |user: String| {
        let password = user
            .split_once(':')
            .map(|(_, password)| password.to_owned());
        [Some(user), password]
    };
    let mut secrets: Vec<String> = own
        .map(|value| value.trim().to_owned())
        .chain(proxies.flat_map(passwords).flatten())
        .filter(|secret| !secret.is_empty())
        .collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

fn without(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret, "[key]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_secrets_go_first() {
        let secrets = ["user:word".to_owned(), "word".to_owned()];
        assert_eq!(without("at user:word, word", &secrets), "at [key], [key]");
    }
}
