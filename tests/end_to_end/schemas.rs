//! What the program writes is what its schemas say.

use serde_json::Value;

use crate::support::{code, recorded, root, talk, weighbridge};

fn schema(of: &[&str]) -> Value {
    let output = weighbridge().arg("schema").args(of).output().unwrap();
    assert_eq!(code(&output), 0, "{}", talk(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Name of a value's type.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The part of JSON Schema that ours use. Says where a value does not fit.
fn check(schema: &Value, at: &Value, value: &Value, path: &str) -> Result<(), String> {
    if let Some(reference) = at["$ref"].as_str() {
        let target = schema.pointer(reference.trim_start_matches('#'));
        return check(
            schema,
            target.ok_or(format!("{reference} leads nowhere"))?,
            value,
            path,
        );
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = at[key].as_array() {
            let fits = options
                .iter()
                .any(|o| check(schema, o, value, path).is_ok());
            return if fits {
                Ok(())
            } else {
                Err(format!("{path}: fits no {key}"))
            };
        }
    }
    if let Some(wanted) = at.get("const") {
        return if wanted == value {
            Ok(())
        } else {
            Err(format!("{path}: is not {wanted}"))
        };
    }
    if let Some(wanted) = at["enum"].as_array() {
        return if wanted.contains(value) {
            Ok(())
        } else {
            Err(format!("{path}: not in {wanted:?}"))
        };
    }
    let kinds: Vec<&str> = match &at["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => return Err(format!("{path}: the schema has no type here: {at}")),
    };
    let kind = kind(value);
    let fits = kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
    if !fits {
        return Err(format!("{path}: {kind} where {kinds:?} is expected"));
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        check(schema, &at["items"], item, &format!("{path}[{i}]"))?;
    }
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    for key in at["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !object.contains_key(key) {
            return Err(format!("{path}: `{key}` is missing"));
        }
    }
    for (key, inner) in object {
        match (&at["properties"][key], &at["additionalProperties"]) {
            (Value::Null, Value::Object(_)) => {
                check(
                    schema,
                    &at["additionalProperties"],
                    inner,
                    &format!("{path}.{key}"),
                )?;
            }
            (Value::Null, _) => return Err(format!("{path}: `{key}` is not in the schema")),
            (known, _) => check(schema, known, inner, &format!("{path}.{key}"))?,
        }
    }
    Ok(())
}

#[test]
fn a_real_verdict_fits_its_schema_and_a_broken_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 120);
    let output = weighbridge()
        .args(["run", experiment.to_str().unwrap(), "--json", "--out"])
        .arg(dir.path().join("out"))
        .output()
        .unwrap();
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = schema(&["verdict"]);
    check(&schema, &schema, &verdict, "verdict").unwrap();
    let mut cut = verdict.clone();
    cut["candidates"][0]
        .as_object_mut()
        .unwrap()
        .remove("claims");
    assert!(
        check(&schema, &schema, &cut, "verdict")
            .unwrap_err()
            .contains("`claims` is missing")
    );
    let mut odd = verdict.clone();
    odd["candidates"][0]["claims"][0]["state"] = "perhaps".into();
    assert!(check(&schema, &schema, &odd, "verdict").is_err());
    let mut more = verdict;
    more["extra"] = 1.into();
    assert!(check(&schema, &schema, &more, "verdict").is_err());
}

#[test]
fn the_gate_policy_of_a_report_fits_its_schema() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 40);
    let out = dir.path().join("out");
    weighbridge()
        .arg("run")
        .arg(&experiment)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    let report: Value =
        serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    let schema = schema(&["gate"]);
    check(&schema, &schema, &report["gate"], "gate").unwrap();
    let wrong = serde_json::json!({ "overall_margn": 0.1 });
    assert!(check(&schema, &schema, &wrong, "gate").is_err());
}

#[test]
fn the_bare_command_prints_the_experiments_schema_and_files_are_kept_of_all() {
    assert_eq!(schema(&[]), schema(&["experiment"]));
    for name in ["experiment", "verdict", "gate"] {
        let path = root().join(format!("harness/cli/schema/{name}.schema.json"));
        let kept: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(kept, schema(&[name]), "{name}");
    }
}
