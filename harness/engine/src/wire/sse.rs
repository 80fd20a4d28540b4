//! Server-sent events, incrementally: every way to cut the bytes gives the same events.
//!
//! Follows the event stream format of the HTML standard: lines end in LF, CRLF or CR; a byte order
//! mark at the start, comments and unknown fields are ignored; the `data` lines of an event are
//! joined by LF. One deviation: an event that the end of the stream cuts off before its blank line
//! is still delivered, because a terminator often comes without one.

/// Largest event accepted unless told otherwise, in bytes.
pub const DEFAULT_LIMIT: usize = 16 << 20;

/// One event. Its data is borrowed from the pushed bytes where it lies in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// Value of the `event` field; empty where there is none.
    pub event: &'a [u8],
    /// The data, never empty of lines (an event without data is not delivered).
    pub data: &'a [u8],
}

/// An event is larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {limit} bytes")]
pub struct TooLarge {
    /// The limit in bytes.
    pub limit: usize,
}

/// The parser of one stream.
#[derive(Debug, Clone)]
pub struct SseParser {
    /// Beginning of a line whose end has not come yet.
    line: Vec<u8>,
    /// Data lines of the event under way, joined.
    data: Vec<u8>,
    event: Vec<u8>,
    has_data: bool,
    is_first_line: bool,
    /// The last byte was CR: an LF that follows belongs to it.
    after_cr: bool,
    limit: usize,
    /// Lines that belong to no event, where they are wanted.
    strays: Option<Vec<u8>>,
}

/// Stray lines kept at most, in bytes.
const STRAYS: usize = 64 << 10;

impl Default for SseParser {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT)
    }
}

impl SseParser {
    /// A parser that refuses events of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            event: Vec::new(),
            has_data: false,
            is_first_line: true,
            after_cr: false,
            limit,
            strays: None,
        }
    }

    /// Keeps lines of unknown fields, up to 64 KiB, instead of forgetting them.
    #[must_use]
    pub fn keeping_strays(mut self) -> Self {
        self.strays = Some(Vec::new());
        self
    }

    /// The lines of unknown fields so far, each with a line end.
    pub fn strays(&self) -> &[u8] {
        self.strays.as_deref().unwrap_or_default()
    }

    /// Takes bytes as they came and hands over the events that they complete.
    ///
    /// # Errors
    /// [`TooLarge`]; the stream cannot be read on.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        on: &mut dyn FnMut(SseEvent<'_>),
    ) -> Result<(), TooLarge> {
        // Data of the event under way that still lies in `bytes`.
        let mut held: Option<&[u8]> = None;
        if self.after_cr && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.after_cr = false;
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = self.after_line_end(rest);
            if self.line.is_empty() {
                self.take_line(line, &mut held, on)?;
            } else {
                self.grow_line(line)?;
                let whole = std::mem::take(&mut self.line);
                // Not `held`: it must not outlive this buffer.
                self.keep(&mut held)?;
                let mut in_buffer = None;
                self.take_line(&whole, &mut in_buffer, on)?;
                self.keep(&mut in_buffer)?;
                self.line = whole;
                self.line.clear();
            }
        }
        self.keep(&mut held)?;
        self.grow_line(bytes)
    }

    /// Ends the stream; an event that lacks only its blank line is handed over.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn finish(&mut self, on: &mut dyn FnMut(SseEvent<'_>)) -> Result<(), TooLarge> {
        let line = std::mem::take(&mut self.line);
        let mut held = None;
        if !line.is_empty() {
            self.take_line(&line, &mut held, on)?;
        }
        self.dispatch(&mut held, on);
        Ok(())
    }

    /// Skips the line end that `rest` starts with.
    fn after_line_end<'b>(&mut self, rest: &'b [u8]) -> &'b [u8] {
        match rest {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.after_cr = true;
                &[]
            }
            [_, rest @ ..] => rest,
            [] => rest,
        }
    }

    fn grow_line(&mut self, part: &[u8]) -> Result<(), TooLarge> {
        self.check(self.line.len() + self.data.len() + part.len())?;
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn take_line<'b>(
        &mut self,
        mut line: &'b [u8],
        held: &mut Option<&'b [u8]>,
        on: &mut dyn FnMut(SseEvent<'_>),
    ) -> Result<(), TooLarge> {
        if std::mem::take(&mut self.is_first_line) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(held, on);
            return Ok(());
        }
        let (field, value) = match line.iter().position(|b| *b == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" if self.has_data || held.is_some() => {
                self.keep(held)?;
                self.check(self.data.len() + 1 + value.len())?;
                self.data.push(b'\n');
                self.data.extend_from_slice(value);
            }
            b"data" => {
                self.check(value.len())?;
                *held = Some(value);
            }
            b"event" => {
                self.check(value.len())?;
                self.event.clear();
                self.event.extend_from_slice(value);
            }
            b"" | b"id" | b"retry" => {}
            _ => self.stray(line),
        }
        Ok(())
    }

    fn stray(&mut self, line: &[u8]) {
        if let Some(strays) = &mut self.strays
            && strays.len() + line.len() < STRAYS
        {
            strays.extend_from_slice(line);
            strays.push(b'\n');
        }
    }

    /// Copies data that is about to go away.
    fn keep(&mut self, held: &mut Option<&[u8]>) -> Result<(), TooLarge> {
        if let Some(data) = held.take() {
            self.check(data.len())?;
            self.data.extend_from_slice(data);
            self.has_data = true;
        }
        Ok(())
    }

    fn dispatch(&mut self, held: &mut Option<&[u8]>, on: &mut dyn FnMut(SseEvent<'_>)) {
        let data = match held.take() {
            Some(data) => Some(data),
            None => self.has_data.then_some(&*self.data),
        };
        if let Some(data) = data {
            let event = &*self.event;
            on(SseEvent { event, data });
        }
        self.data.clear();
        self.event.clear();
        self.has_data = false;
    }

    fn check(&self, size: usize) -> Result<(), TooLarge> {
        if size > self.limit {
            return Err(TooLarge { limit: self.limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Events = Vec<(Vec<u8>, Vec<u8>)>;

    fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Events {
        let mut parser = SseParser::default();
        let mut events = Events::new();
        let mut on = |e: SseEvent<'_>| events.push((e.event.to_vec(), e.data.to_vec()));
        for piece in pieces {
            parser.push(piece, &mut on).unwrap();
        }
        parser.finish(&mut on).unwrap();
        events
    }

    fn data(text: &str) -> Vec<String> {
        let events = parse([text.as_bytes()]);
        let texts = events.into_iter().map(|(_, data)| String::from_utf8(data));
        texts.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn the_standard_is_followed() {
        assert_eq!(
            data("data: a\n\ndata:b\r\n\r\ndata:  c\r\rdata\n\n"),
            ["a", "b", " c", ""]
        );
        assert_eq!(data("data: a\ndata: b\n\n"), ["a\nb"]);
        assert_eq!(data("\u{FEFF}data: a\n\n"), ["a"]);
        assert_eq!(
            data(": comment\nid: 1\nretry: 5\nother: x\ndata: a\n\n"),
            ["a"]
        );
        assert_eq!(data("event: ping\n\n\n:\n\n"), Vec::<String>::new());
        assert_eq!(data("data: é😀\n\n"), ["é😀"]);
    }

    #[test]
    fn a_terminator_without_blank_line_still_counts() {
        assert_eq!(data("data: [DONE]\n"), ["[DONE]"]);
        assert_eq!(data("data: [DONE]"), ["[DONE]"]);
    }

    #[test]
    fn stray_lines_are_kept_where_they_are_wanted() {
        let text = b"data: a\n\n: c\nid: 1\n{\n  \"error\": \"x\"\n}";
        let mut forgetful = SseParser::default();
        let mut keeping = SseParser::default().keeping_strays();
        for parser in [&mut forgetful, &mut keeping] {
            parser.push(text, &mut |_| {}).unwrap();
            parser.finish(&mut |_| {}).unwrap();
        }
        assert_eq!(forgetful.strays(), b"");
        assert_eq!(keeping.strays(), b"{\n  \"error\": \"x\"\n}\n");
    }

    #[test]
    fn event_names_belong_to_one_event() {
        let events = parse([&b"event: error\ndata: x\n\ndata: y\n\n"[..]]);
        assert_eq!(events[0].0, b"error");
        assert_eq!(events[1].0, b"");
    }

    #[test]
    fn a_huge_event_is_an_error_wherever_it_is_huge() {
        let line = format!("data: {}", "x".repeat(200));
        let lines = "data: xxxxxxxxxxxxxxxxxxxx\n".repeat(10);
        for text in [line.as_str(), lines.as_str()] {
            for size in [1, 7, 1000] {
                let mut parser = SseParser::new(100);
                let pushed = text
                    .as_bytes()
                    .chunks(size)
                    .try_for_each(|piece| parser.push(piece, &mut |_| {}));
                assert_eq!(pushed, Err(TooLarge { limit: 100 }), "{size}");
            }
        }
    }

    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "data: a",
            "data:",
            "data",
            "event: e",
            ": c",
            "\u{FEFF}",
            "é",
            ":",
            " ",
            "\n",
            "\r",
            "\r\n",
            "\n\n",
            "\r\n\r\n",
            "data: {\"x\":1}\n\n",
            "[DONE]",
        ])
    }

    proptest! {
        #[test]
        fn every_cut_gives_the_same_events(
            pieces in prop::collection::vec(piece(), 0..24),
            cuts in prop::collection::vec(1usize..9, 1..24),
        ) {
            let text = pieces.concat().into_bytes();
            let whole = parse([&*text]);
            prop_assert_eq!(&whole, &parse(text.chunks(1)));
            let mut rest = &*text;
            let mut parts = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, after) = rest.split_at((*cut).min(rest.len()));
                parts.push(part);
                rest = after;
            }
            prop_assert_eq!(whole, parse(parts));
        }
    }
}
