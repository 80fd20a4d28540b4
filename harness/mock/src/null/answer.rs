//! The bytes of the one answer, made once.

/// The last token of every answer: what a scorer can look for.
pub const LAST_WORD: &str = "weighed";

/// HTTP chunks in the order of writing.
#[derive(Debug)]
pub(super) struct Script {
    /// The role-only event, sent with the head of the response, long before the first token.
    pub(super) role: Vec<u8>,
    /// One event a token.
    pub(super) tokens: Vec<Vec<u8>>,
    /// The finish reason; the usage; the terminator with the end of the body.
    pub(super) ends: [Vec<u8>; 3],
}

impl Script {
    pub(super) fn new(tokens: usize) -> Self {
        let token = |i: usize| match i + 1 == tokens {
            true => delta(&format!("{{\"content\":\" {LAST_WORD}\"}}"), "null"),
            false => delta("{\"content\":\" load\"}", "null"),
        };
        let usage = format!(
            "{HEAD}\"choices\":[],\"usage\":{{\"prompt_tokens\":128,\"completion_tokens\":{tokens},\
             \"total_tokens\":{}}}}}",
            128 + tokens
        );
        let mut done = chunk("[DONE]");
        done.extend_from_slice(b"0\r\n\r\n");
        Self {
            role: delta("{\"role\":\"assistant\",\"content\":\"\"}", "null"),
            tokens: (0..tokens).map(token).collect(),
            ends: [delta("{}", "\"stop\""), chunk(&usage), done],
        }
    }
}

/// What every event of Chat Completions repeats.
const HEAD: &str = "{\"id\":\"chatcmpl-null\",\"object\":\"chat.completion.chunk\",\
    \"created\":1700000000,\"model\":\"null\",\"system_fingerprint\":\"fp_weighbridge\",";

fn delta(delta: &str, finish: &str) -> Vec<u8> {
    chunk(&format!(
        "{HEAD}\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\
         \"finish_reason\":{finish}}}],\"usage\":null}}"
    ))
}

/// An event as one chunk of a chunked body.
fn chunk(data: &str) -> Vec<u8> {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}
