//! What an error says, whatever its shape.

use serde_json::Value;

/// Message and code of an error: `{"error": {…}}`, a flat object, a list of one of them (Gemini), or
/// a bare text. One line is not guaranteed.
pub(crate) fn error_text(body: &[u8]) -> String {
    let mut value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(_) => return String::from_utf8_lossy(body).trim().to_owned(),
    };
    if let Value::Array(items) = &mut value
        && items.len() == 1
    {
        value = items.remove(0);
    }
    let error = value
        .get("error")
        .filter(|e| !e.is_null())
        .unwrap_or(&value);
    let text = |from: &Value, key| match from.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = text(error, "message").or_else(|| error.as_str().map(str::to_owned));
    let message = message.unwrap_or_else(|| error.to_string());
    // Gemini puts the name of its code in `status`, TGI beside the text in `error_type`.
    let code = text(error, "status")
        .or_else(|| text(error, "code"))
        .or_else(|| text(error, "type"))
        .or_else(|| text(&value, "error_type"));
    match code {
        Some(code) => format!("{message} ({code})"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_of_all_shapes_are_read() {
        for (body, text) in [
            (r#"{"error":{"message":"m","code":"c"}}"#, "m (c)"),
            (r#"{"object":"error","message":"m","type":"t"}"#, "m (t)"),
            ("<html>bad gateway</html>", "<html>bad gateway</html>"),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
                "m (overloaded_error)",
            ),
            (
                r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"m"}}]"#,
                "m (RESOURCE_EXHAUSTED)",
            ),
            (
                r#"{"error":"m","error_type":"overloaded"}"#,
                "m (overloaded)",
            ),
            (r#"{"error":"m"}"#, "m"),
        ] {
            assert_eq!(error_text(body.as_bytes()), text);
        }
    }
}
