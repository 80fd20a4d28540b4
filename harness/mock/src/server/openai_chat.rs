//! OpenAI Chat Completions as the fleet speaks it.

use super::asked::{Asked, Channel, Spoken, TOOL};
use super::format::{Frame, StreamWriter, reason};
use super::frame::{ChunkWriter, DONE, json_string, put_json_string, put_logprobs};
use super::reply::{Usage, error_json};
use super::wire::ChatRequest;
use crate::completion::Token;
use bytes::{BufMut, Bytes, BytesMut};

const REASONS: [&str; 3] = ["stop", "length", "tool_calls"];

pub(super) fn parse(body: &[u8]) -> Result<Asked, String> {
    ChatRequest::parse(body).map(ChatRequest::asked)
}

/// A stream of chunks.
pub(super) struct Writer {
    chunks: ChunkWriter,
    usage: bool,
    has_call: bool,
}

pub(super) fn writer(frame: &Frame, asked: &Asked) -> Writer {
    let usage = asked.include_usage;
    Writer {
        chunks: ChunkWriter::new(
            &frame.id,
            frame.created,
            &frame.model,
            usage,
            asked.logprobs,
        ),
        usage,
        has_call: false,
    }
}

impl StreamWriter for Writer {
    fn early(&mut self, out: &mut BytesMut) {
        self.chunks.role(out);
    }

    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], channel: Channel) {
        if channel == Channel::Tool && !std::mem::replace(&mut self.has_call, true) {
            self.chunks.call(out, TOOL);
        }
        self.chunks.tokens(out, tokens, channel);
    }

    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        self.chunks.finish(out, reason(spoken, REASONS));
        if self.usage {
            self.chunks.usage(out, usage);
        }
        out.put_slice(DONE);
    }

    fn error(&mut self, out: &mut BytesMut, message: &str) {
        let error = error_json(message, "server_error", "500");
        out.put_slice(format!("data: {error}\n\n").as_bytes());
        out.put_slice(DONE);
    }
}

/// The body of an answer that is not a stream.
pub(super) fn whole(frame: &Frame, asked: &Asked, spoken: &Spoken, usage: &Usage) -> Bytes {
    let mut out = BytesMut::with_capacity(512);
    let head = format!(
        "{{\"id\":{},\"object\":\"chat.completion\",\"created\":{},\"model\":{},\
         \"system_fingerprint\":\"fp_weighbridge\",\"choices\":[{{\"index\":0,\
         \"message\":{{\"role\":\"assistant\",\"content\":",
        json_string(&frame.id),
        frame.created,
        json_string(&frame.model)
    );
    out.put_slice(head.as_bytes());
    if spoken.tool {
        let arguments = json_string(&spoken.answer());
        let call = format!(
            "null,\"tool_calls\":[{{\"id\":\"call_0\",\"type\":\"function\",\
             \"function\":{{\"name\":\"{TOOL}\",\"arguments\":{arguments}}}}}]"
        );
        out.put_slice(call.as_bytes());
    } else {
        put_json_string(&mut out, &spoken.answer());
    }
    if spoken.reasoning > 0 {
        out.put_slice(b",\"reasoning\":");
        put_json_string(&mut out, &spoken.thoughts());
    }
    out.put_slice(b",\"refusal\":null},\"logprobs\":");
    put_logprobs(&mut out, spoken.answer_tokens(), asked.logprobs);
    let tail = format!(
        ",\"finish_reason\":\"{}\"}}],\"usage\":{}}}",
        reason(spoken, REASONS),
        usage.json()
    );
    out.put_slice(tail.as_bytes());
    out.freeze()
}
