//! Token log-probabilities, summed while they are read: no list is built.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::WireEvent;

/// Sum and number of token log-probabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Logprobs {
    sum: f64,
    count: u32,
}

impl Logprobs {
    pub(super) fn one(logprob: f64) -> Self {
        Self {
            sum: logprob,
            count: 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    pub(super) fn tell(self, on: &mut dyn FnMut(WireEvent<'_>)) {
        let Self { sum, count } = self;
        if count > 0 {
            on(WireEvent::Logprobs { sum, count });
        }
    }
}

/// A list of `{"logprob": …}` objects (OpenAI, Ollama), of `{"logProbability": …}` objects (Gemini),
/// or of numbers and nulls (Together).
#[derive(Debug, Default)]
pub(super) struct LogprobList(pub(super) Logprobs);

impl<'de> Deserialize<'de> for LogprobList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = LogprobList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of token probabilities")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut all = Logprobs::default();
        while let Some(entry) = seq.next_element::<Option<Entry>>()? {
            all.add(entry.unwrap_or_default().0);
        }
        Ok(LogprobList(all))
    }
}

/// One token: a number, or an object that holds one.
#[derive(Default)]
struct Entry(Logprobs);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token probability")
    }

    fn visit_f64<E: Error>(self, logprob: f64) -> Result<Self::Value, E> {
        Ok(Entry(Logprobs::one(logprob)))
    }

    fn visit_i64<E: Error>(self, logprob: i64) -> Result<Self::Value, E> {
        self.visit_f64(logprob as f64)
    }

    fn visit_u64<E: Error>(self, logprob: u64) -> Result<Self::Value, E> {
        self.visit_f64(logprob as f64)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        enum Key {
            #[serde(rename = "logprob", alias = "logProbability")]
            Logprob,
            #[serde(other)]
            Other,
        }
        let mut found = Logprobs::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Logprob => {
                    if let Some(logprob) = map.next_value::<Option<f64>>()? {
                        found = Logprobs::one(logprob);
                    }
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Entry(found))
    }
}

/// The `logprobs` member of a choice: OpenAI's object of lists, Together's object of arrays, or
/// Together's single number in streams.
#[derive(Debug, Default)]
pub(super) struct ChoiceLogprobs(pub(super) Logprobs);

impl<'de> Deserialize<'de> for ChoiceLogprobs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = ChoiceLogprobs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("token probabilities")
    }

    fn visit_f64<E: Error>(self, logprob: f64) -> Result<Self::Value, E> {
        Ok(ChoiceLogprobs(Logprobs::one(logprob)))
    }

    fn visit_i64<E: Error>(self, logprob: i64) -> Result<Self::Value, E> {
        self.visit_f64(logprob as f64)
    }

    fn visit_u64<E: Error>(self, logprob: u64) -> Result<Self::Value, E> {
        self.visit_f64(logprob as f64)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Key {
            #[serde(alias = "refusal", alias = "token_logprobs")]
            Content,
            #[serde(other)]
            Other,
        }
        let mut all = Logprobs::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Content => {
                    let list = map.next_value::<Option<LogprobList>>()?;
                    all.add(list.unwrap_or_default().0);
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(ChoiceLogprobs(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_summed() {
        for (json, sum, count) in [
            (
                r#"{"content":[{"token":"a","logprob":-0.5,"top_logprobs":[{"logprob":-9}]},{"logprob":-1.5}],"refusal":null}"#,
                -2.0,
                2,
            ),
            (
                r#"{"tokens":["a"],"token_logprobs":[-0.5,null,-1]}"#,
                -1.5,
                2,
            ),
            ("-0.25", -0.25, 1),
            ("0", 0.0, 1),
            (r#"{"content":null}"#, 0.0, 0),
        ] {
            let read: ChoiceLogprobs = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, Logprobs { sum, count }, "{json}");
        }
        let gemini = r#"[{"token":"a","tokenId":1,"logProbability":-0.5}]"#;
        let read: LogprobList = serde_json::from_str(gemini).unwrap();
        assert_eq!(read.0, Logprobs::one(-0.5));
    }
}
