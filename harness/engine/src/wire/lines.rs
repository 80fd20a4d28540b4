//! One JSON document a line, incrementally: every way to cut the bytes gives the same lines.

use super::sse::TooLarge;

/// The parser of one stream of lines. Lines end in LF; white space around them is dropped, and empty
/// lines are skipped.
#[derive(Debug, Clone)]
pub struct LineParser {
    line: Vec<u8>,
    limit: usize,
}

impl LineParser {
    /// A parser that refuses lines of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            limit,
        }
    }

    /// Takes bytes as they came and hands over the lines that they complete.
    ///
    /// # Errors
    /// [`TooLarge`]; the stream cannot be read on.
    pub fn push(&mut self, mut bytes: &[u8], on: &mut dyn FnMut(&[u8])) -> Result<(), TooLarge> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.line.is_empty() {
                self.check(line.len())?;
                tell(line, on);
            } else {
                self.grow(line)?;
                tell(&self.line, on);
                self.line.clear();
            }
        }
        self.grow(bytes)
    }

    /// Ends the stream; a line that lacks only its end is handed over.
    pub fn finish(&mut self, on: &mut dyn FnMut(&[u8])) {
        tell(&self.line, on);
        self.line.clear();
    }

    fn grow(&mut self, part: &[u8]) -> Result<(), TooLarge> {
        self.check(self.line.len() + part.len())?;
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn check(&self, size: usize) -> Result<(), TooLarge> {
        if size > self.limit {
            return Err(TooLarge { limit: self.limit });
        }
        Ok(())
    }
}

fn tell(line: &[u8], on: &mut dyn FnMut(&[u8])) {
    let line = line.trim_ascii();
    if !line.is_empty() {
        on(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let mut parser = LineParser::new(1000);
        let mut lines = Vec::new();
        for piece in pieces {
            parser.push(piece, &mut |l| lines.push(l.to_vec())).unwrap();
        }
        parser.finish(&mut |l| lines.push(l.to_vec()));
        lines
    }

    #[test]
    fn every_cut_gives_the_same_lines() {
        let text = "{\"a\":1}\n\n {\"b\":\"é\"}\r\n{\"c\":3}".as_bytes();
        let whole = lines([text]);
        assert_eq!(whole.len(), 3);
        for size in 1..text.len() {
            assert_eq!(lines(text.chunks(size)), whole, "{size}");
        }
    }

    #[test]
    fn a_huge_line_is_an_error() {
        for size in [1, 100] {
            let mut parser = LineParser::new(50);
            let text = [b'x'; 100];
            let mut pieces = text.chunks(size);
            let pushed = pieces.try_for_each(|piece| parser.push(piece, &mut |_| {}));
            assert_eq!(pushed, Err(TooLarge { limit: 50 }));
        }
    }
}
