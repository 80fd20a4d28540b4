//! Texts inside chunks, borrowed where the bytes allow it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A text that is borrowed from the input where it holds no escape.
#[derive(Debug, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Text<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        self.0 == text
    }
}

impl<'a> AsRef<Text<'a>> for Text<'a> {
    fn as_ref(&self) -> &Text<'a> {
        self
    }
}

/// The text, if there is one and it is not empty.
pub(super) fn filled<'t, 'a: 't>(text: &'t Option<impl AsRef<Text<'a>>>) -> Option<&'t str> {
    let text = text.as_ref().map(|text| &*text.as_ref().0);
    text.filter(|t| !t.is_empty())
}

/// A text where there should be one; anything else is read over and counts as empty. Some servers
/// give a field another type in events that this client has no use for.
#[derive(Debug, Default)]
pub(super) struct Lenient<'a>(Cow<'a, str>);

impl Lenient<'_> {
    /// The text, if it is not empty.
    pub(super) fn filled(&self) -> Option<&str> {
        Some(&*self.0).filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Lenient<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor)
    }
}

struct LenientVisitor;

impl<'de> Visitor<'de> for LenientVisitor {
    type Value = Lenient<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Lenient(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Lenient(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Lenient::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Lenient::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Lenient::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Lenient::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Lenient::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Lenient::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Lenient::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_types_count_as_empty() {
        for json in [
            "1",
            "-1",
            "0.5",
            "true",
            "null",
            "[1,[2]]",
            r#"{"a":{"b":1}}"#,
            "\"\"",
        ] {
            let text: Lenient<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(text.filled(), None, "{json}");
        }
        let text: Lenient<'_> = serde_json::from_str(r#""a\nb""#).unwrap();
        assert_eq!(text.filled(), Some("a\nb"));
    }
}
