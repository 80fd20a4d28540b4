//! What differs between two headers, path by path.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weighbridge_record::RunHeader;

use crate::model::ConfigChange;

/// Settings that differ, by path. Facts of the moment (start, findings) are left out.
pub(super) fn changes(a: &RunHeader, b: &RunHeader) -> Vec<ConfigChange> {
    let (mut a, mut b) = (flat(a), flat(b));
    let paths: std::collections::BTreeSet<String> = a.keys().chain(b.keys()).cloned().collect();
    let changes = paths.into_iter().filter_map(|path| {
        let (a, b) = (a.remove(&path), b.remove(&path));
        (a != b).then_some(ConfigChange { path, a, b })
    });
    changes.collect()
}

fn flat(header: &RunHeader) -> BTreeMap<String, String> {
    let mut run = header.experiment.clone();
    if let Value::Object(run) = &mut run {
        // These have a place of their own in the header.
        for key in [
            "name", "seed", "repeats", "dataset", "policies", "slices", "mode", "join",
        ] {
            run.remove(key);
        }
        if let Some(Value::Array(models)) = run.get_mut("models") {
            for model in models.iter_mut().filter_map(Value::as_object_mut) {
                model.remove("price");
            }
        }
    }
    let all = json!({
        "weighbridge": header.weighbridge,
        "name": header.name,
        "mode": header.mode,
        "seed": header.seed,
        "repeats": header.repeats,
        "dataset": header.dataset,
        "fleet": header.fleet,
        "policies": header.policies,
        "slices": header.slices,
        "gate": header.gate,
        "prices_as_of": header.prices_as_of,
        "host": header.host,
        "notes": header.notes,
        "run": run,
    });
    let mut out = BTreeMap::new();
    push(&mut out, "", &all);
    out
}

fn push(out: &mut BTreeMap<String, String>, path: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                push(out, &path, value);
            }
        }
        // Lists of named things are compared name by name: their order means nothing here.
        Value::Array(items) if !items.is_empty() && items.iter().all(|i| name(i).is_some()) => {
            for item in items {
                let mut rest = item.clone();
                if let Value::Object(map) = &mut rest {
                    map.remove("name");
                }
                let path = format!("{path}[{}]", name(item).unwrap_or_default());
                out.insert(path.clone(), "present".to_owned());
                push(out, &path, &rest);
            }
        }
        Value::Array(items) if items.is_empty() => {}
        Value::String(text) => {
            out.insert(path.to_owned(), text.clone());
        }
        other => {
            out.insert(path.to_owned(), other.to_string());
        }
    }
}

fn name(value: &Value) -> Option<&str> {
    value.as_object()?.get("name")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::header::tests::header;
    use weighbridge_record::{PolicyRole, Price};

    #[test]
    fn named_things_are_compared_by_name_and_the_rest_by_path() {
        let mut a = header(&[("x", PolicyRole::Other), ("y", PolicyRole::Other)]);
        let mut b = header(&[("y", PolicyRole::Other), ("x", PolicyRole::Other)]);
        assert_eq!(changes(&a, &b), []);
        a.seed = 1;
        b.gate.critical = vec!["task=a".to_owned()];
        b.policies[0].hash = "other".to_owned();
        b.policies.pop();
        b.fleet[0].price = Some(Price {
            input_per_mtok_usd: 2.0,
            ..Price::default()
        });
        let found = changes(&a, &b);
        let paths: Vec<&str> = found.iter().map(|c| c.path.as_str()).collect();
        for path in [
            "seed",
            "gate.critical",
            "policies[y].hash",
            "policies[x]",
            "fleet[small].price.input_per_mtok_usd",
        ] {
            assert!(paths.contains(&path), "{path} is missing in {paths:?}");
        }
        let gone = found.iter().find(|c| c.path == "policies[x]").unwrap();
        assert_eq!(
            (gone.a.as_deref(), gone.b.as_deref()),
            (Some("present"), None)
        );
    }
}
