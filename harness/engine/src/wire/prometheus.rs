//! The Prometheus text format, as far as single numbers go.

/// Reads every sample of an exposition: its name, its labels as written between the braces (empty
/// without any) and its value. Lines that are no samples are read over.
pub(super) fn read<'t>(text: &'t str, mut on: impl FnMut(&'t str, &'t str, f64)) {
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts = match line.find('{') {
            // A label value may hold braces and spaces, so the last brace ends the labels.
            Some(open) => line
                .rfind('}')
                .filter(|close| *close > open)
                .map(|close| (&line[..open], &line[open + 1..close], &line[close + 1..])),
            None => line
                .split_once(char::is_whitespace)
                .map(|(name, rest)| (name, "", rest)),
        };
        let Some((name, labels, rest)) = parts else {
            continue;
        };
        // A time may follow the value.
        let value = rest.split_whitespace().next().map(str::parse::<f64>);
        if let Some(Ok(value)) = value {
            on(name.trim(), labels, value);
        }
    }
}

/// The value of a label, without unescaping.
pub(super) fn label<'t>(labels: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = labels;
    loop {
        let (key, tail) = rest.split_once("=\"")?;
        let mut escaped = false;
        let end = tail.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        if key.trim_start_matches([',', ' ']) == name {
            return Some(&tail[..end]);
        }
        rest = &tail[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_and_the_rest_is_read_over() {
        let text = "# HELP a b\n# TYPE a counter\na{m=\"x y}\",e=\"0\"} 3\nb 1.5e3 1700000000\n\n\
            c{} NaN\nbroken{ 1\nlone\n d 2 \n";
        let mut seen = Vec::new();
        read(text, |name, labels, value| {
            seen.push((name, labels, value.to_string()));
        });
        let expected = [
            ("a", "m=\"x y}\",e=\"0\"", "3"),
            ("b", "", "1500"),
            ("c", "", "NaN"),
            ("d", "", "2"),
        ];
        let expected = expected.map(|(n, l, v)| (n, l, v.to_owned()));
        assert_eq!(seen, expected);
    }

    #[test]
    fn labels_are_found_behind_escapes() {
        let labels = r#"model_name="a\"b=\"c",cache_source="total""#;
        assert_eq!(label(labels, "cache_source"), Some("total"));
        assert_eq!(label(labels, "model_name"), Some(r#"a\"b=\"c"#));
        assert_eq!(label(labels, "absent"), None);
        assert_eq!(label("", "absent"), None);
    }
}
