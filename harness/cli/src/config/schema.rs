//! JSON Schemas, made from the structures that read or write the files.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use weighbridge_policies::PolicyConfig;
use weighbridge_record::{GatePolicy, PolicyRole};

use super::backend::BackendWritten;
use super::fault_recorded::RecordedFaultWritten;
use super::policy::FitRule;
use super::written::{ModelWritten, Top};

/// The schema as pretty-printed JSON with a final newline.
pub(crate) fn text() -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut root = generator.root_schema_for::<Top>().to_value();
    let backend = generator.subschema_for::<BackendWritten>().to_value();
    let model = generator.subschema_for::<ModelWritten>().to_value();
    let fault = generator.subschema_for::<RecordedFaultWritten>().to_value();
    let gate = generator.subschema_for::<GatePolicy>().to_value();
    let role = generator.subschema_for::<PolicyRole>().to_value();
    let fit = generator.subschema_for::<FitRule>().to_value();
    let kinds = generator.root_schema_for::<PolicyConfig>().to_value();
    let policy = policies(&kinds, &role, &fit);
    let mut definitions: serde_json::Map<String, Value> =
        generator.take_definitions(true).into_iter().collect();
    if let Some(Value::Object(more)) = kinds.get("$defs") {
        definitions.extend(more.clone());
    }
    definitions.retain(|name, _| name != "PolicyConfig");
    root["title"] = json!("Weighbridge experiment");
    root["$defs"] = Value::Object(definitions);
    let list = |items: Value| json!({ "type": "array", "items": items });
    root["properties"]["backend"] = list(backend);
    root["properties"]["model"] = list(model);
    root["properties"]["fault"] = list(fault);
    root["properties"]["policy"] = list(policy);
    root["properties"]["gate"] = json!({
        "description": "What must hold: a file of its own, or the rules in place.",
        "anyOf": [
            gate,
            {
                "type": "object",
                "properties": { "policy": { "type": "string" } },
                "required": ["policy"],
                "additionalProperties": false
            }
        ]
    });
    let text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text + "\n"
}

/// Schema of the gate policy file.
pub(crate) fn gate() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    titled(
        generator.into_root_schema_for::<GatePolicy>().to_value(),
        "Weighbridge gate policy",
    )
}

/// Schema of `verdict.json`.
pub(crate) fn verdict() -> String {
    // Read as a consumer reads it: what is always written is required, also where it may be null.
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let schema = weighbridge_reports::render::verdict_schema(generator);
    titled(schema.to_value(), "Weighbridge verdict")
}

fn titled(mut root: Value, title: &str) -> String {
    root["title"] = json!(title);
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

/// Every kind with the keys that all policies share.
fn policies(kinds: &Value, role: &Value, fit: &Value) -> Value {
    let mut variants = kinds["oneOf"].as_array().cloned().unwrap_or_default();
    for variant in &mut variants {
        let shared = json!({
            "name": { "type": "string", "description": "Unique name." },
            "role": role,
            "fit": fit,
            "overhead_ms": {
                "type": "number", "minimum": 0,
                "description": "Milliseconds one routing decision takes in production."
            },
            "overhead_cost_usd": {
                "type": "number", "minimum": 0,
                "description": "US dollars one routing decision costs in production."
            },
        });
        if let (Value::Object(into), Value::Object(shared)) = (&mut variant["properties"], shared) {
            into.extend(shared);
        }
        if let Some(required) = variant["required"].as_array_mut() {
            required.insert(0, json!("name"));
        }
    }
    json!({ "oneOf": variants })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schemas are checked in for editors; regenerate one with
    /// `weighbridge schema NAME > harness/cli/schema/NAME.schema.json`.
    #[test]
    fn the_checked_in_schemas_are_the_generated_ones() {
        for (name, text) in [
            ("experiment", text()),
            ("verdict", verdict()),
            ("gate", gate()),
        ] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
            let path = format!("{folder}/{name}.schema.json");
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == text,
                "{path} has drifted: run `weighbridge schema {name} > {path}`"
            );
        }
    }

    #[test]
    fn every_kind_is_in_the_schema_with_the_shared_keys() {
        let schema: Value = serde_json::from_str(&text()).unwrap();
        let variants = schema["properties"]["policy"]["items"]["oneOf"]
            .as_array()
            .unwrap();
        let kinds: Vec<_> = variants
            .iter()
            .filter_map(|v| v["properties"]["kind"]["const"].as_str())
            .collect();
        let mut wanted = PolicyConfig::KINDS.to_vec();
        wanted.sort_unstable();
        let mut found = kinds.clone();
        found.sort_unstable();
        assert_eq!(found, wanted);
        assert!(variants.iter().all(|v| v["properties"]["role"].is_object()));
    }
}
