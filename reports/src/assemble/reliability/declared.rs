//! The faults that an experiment declares, in words.

use std::fmt::Write as _;

use serde_json::Value;

/// Faults of recorded models (`fault`) and of embedded backends (`backend.fault`), as the run's
/// header keeps them.
pub(super) fn declared(experiment: &Value) -> Vec<String> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut words: Vec<String> = list(experiment, "faults")
        .iter()
        .map(|f| words(f, "every model"))
        .collect();
    for backend in list(experiment, "backends") {
        let all = format!(
            "every model of {}",
            backend["name"].as_str().unwrap_or("the backend")
        );
        words.extend(list(&backend, "fault").iter().map(|f| self::words(f, &all)));
    }
    words
}

/// `large: unavailable (share 0.25, sticky)`.
fn words(fault: &Value, all: &str) -> String {
    let model = fault["model"].as_str().unwrap_or(all);
    let kind = fault["kind"].as_str().unwrap_or("fault").replace('_', " ");
    let mut out = format!("{model}: {kind}");
    let mut rest = Vec::new();
    for (key, value) in fault.as_object().into_iter().flatten() {
        if matches!(key.as_str(), "kind" | "model") {
            continue;
        }
        let name = key.replace('_', " ");
        match value {
            Value::Bool(true) => rest.push(name),
            Value::Bool(false) | Value::Null => {}
            other => rest.push(format!("{name} {other}")),
        }
    }
    if !rest.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(out, " ({})", rest.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_recordings_and_of_backends_are_told() {
        let experiment = serde_json::json!({
            "faults": [{ "kind": "rate_limit", "share": 0.25, "sticky": true }],
            "backends": [
                { "name": "fleet", "fault": [{ "kind": "cut", "model": "large", "sticky": false }] },
                { "name": "other" },
            ],
        });
        assert_eq!(
            declared(&experiment),
            ["every model: rate limit (share 0.25, sticky)", "large: cut"]
        );
        assert!(declared(&Value::Null).is_empty());
    }
}
