//! Where a body ends, and what of the bytes on a connection belongs to it (RFC 9112, section 6 and 7).

/// A connection that does not keep to HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the server's HTTP is broken: {0}")]
pub(super) struct Broken(pub(super) String);

/// Longest line between the chunks of a body, in bytes.
const MAX_LINE: usize = 16 << 10;

/// What is left of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// Everything until the connection ends.
    ToEnd,
    /// Chunks.
    Chunked(Chunk),
    /// Nothing.
    Done,
}

/// Where in a chunked body the next byte stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chunk {
    /// In the line of a size, after so many of its bytes; the size so far.
    Size(usize, u64),
    /// In what follows a size in its line, after so many bytes.
    Extension(usize, u64),
    /// In data, before so many more bytes.
    Data(u64),
    /// In the line end after data, at its byte 0 or 1.
    DataEnd(u8),
    /// In a line of the trailer, after so many of its bytes.
    Trailer(usize),
}

impl Body {
    /// A body of chunks.
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunk::Size(0, 0))
    }

    /// Takes what comes next out of `bytes`: how many bytes are used up, of which the last `n` are
    /// data. No data means that more bytes are needed, or that the body is done.
    ///
    /// # Errors
    /// [`Broken`].
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<(usize, usize), Broken> {
        match self {
            Self::Done => Ok((0, 0)),
            Self::ToEnd => Ok((bytes.len(), bytes.len())),
            Self::Length(left) => {
                let taken = bounded(*left, bytes.len());
                *left -= taken as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok((taken, taken))
            }
            Self::Chunked(_) => self.next_chunked(bytes),
        }
    }

    fn next_chunked(&mut self, bytes: &[u8]) -> Result<(usize, usize), Broken> {
        let mut used = 0;
        while let Self::Chunked(chunk) = self {
            if let Chunk::Data(left) = chunk {
                let taken = bounded(*left, bytes.len() - used);
                *left -= taken as u64;
                if *left == 0 {
                    *chunk = Chunk::DataEnd(0);
                }
                if taken > 0 || used == bytes.len() {
                    return Ok((used + taken, taken));
                }
                continue;
            }
            let Some(byte) = bytes.get(used) else {
                break;
            };
            used += 1;
            match chunk.step(*byte)? {
                Some(next) => *chunk = next,
                None => *self = Self::Done,
            }
        }
        Ok((used, 0))
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        *self == Self::Done
    }
}

impl Chunk {
    /// One byte outside of data; `None` after the last of the body.
    fn step(&self, byte: u8) -> Result<Option<Self>, Broken> {
        Ok(Some(match (self, byte) {
            (Self::Size(1.., 0) | Self::Extension(_, 0), b'\n') => Self::Trailer(0),
            (Self::Size(1.., size) | Self::Extension(_, size), b'\n') => Self::Data(*size),
            (Self::Size(1.., size), b'\r' | b';' | b' ' | b'\t') => Self::Extension(0, *size),
            (Self::Size(n, size), _) => {
                let digit = char::from(byte).to_digit(16);
                let digit = digit.ok_or_else(|| Broken("a chunk without its size".to_owned()))?;
                if *n >= 15 {
                    return Err(Broken("a chunk of impossible size".to_owned()));
                }
                Self::Size(n + 1, size * 16 + u64::from(digit))
            }
            (Self::Extension(n, size), _) => Self::Extension(longer(*n)?, *size),
            (Self::DataEnd(0), b'\r') => Self::DataEnd(1),
            (Self::DataEnd(_), b'\n') => Self::Size(0, 0),
            (Self::DataEnd(_), _) => {
                return Err(Broken("a chunk that is longer than its size".to_owned()));
            }
            (Self::Trailer(0), b'\n') => return Ok(None),
            (Self::Trailer(_), b'\n') => Self::Trailer(0),
            // The carriage return of an empty line.
            (Self::Trailer(0), b'\r') => Self::Trailer(0),
            (Self::Trailer(n), _) => Self::Trailer(longer(*n)?),
            (Self::Data(left), _) => Self::Data(*left),
        }))
    }
}

fn longer(n: usize) -> Result<usize, Broken> {
    match n < MAX_LINE {
        true => Ok(n + 1),
        false => Err(Broken("a line between chunks that does not end".to_owned())),
    }
}

fn bounded(left: u64, here: usize) -> usize {
    usize::try_from(left).map_or(here, |left| left.min(here))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Data and what was left over, from a body that arrives in pieces.
    fn read<'a>(
        body: &mut Body,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(Vec<u8>, usize), Broken> {
        let (mut data, mut rest) = (Vec::new(), 0);
        for piece in pieces {
            let mut at = 0;
            loop {
                let (used, taken) = body.next(&piece[at..])?;
                data.extend_from_slice(&piece[at + used - taken..at + used]);
                at += used;
                if taken == 0 {
                    break;
                }
            }
            rest += piece.len() - at;
        }
        Ok((data, rest))
    }

    const CHUNKED: &[u8] =
        b"3\r\nabc\r\n0A;name=\"v\"\r\n0123456789\r\n1\nx\r\n000\r\nexpires: never\r\n\r\nHTTP";

    #[test]
    fn every_two_cuts_of_a_chunked_body_give_the_same_bytes() {
        for a in 0..=CHUNKED.len() {
            for b in a..=CHUNKED.len() {
                let mut body = Body::chunked();
                let pieces = [&CHUNKED[..a], &CHUNKED[a..b], &CHUNKED[b..]];
                let (data, rest) = read(&mut body, pieces).unwrap();
                assert_eq!(data, b"abc0123456789x", "{a} {b}");
                assert!(body.is_done());
                assert_eq!(rest, 4, "the next response is left alone");
            }
        }
    }

    #[test]
    fn a_length_and_an_end_are_ends() {
        let mut body = Body::Length(5);
        assert_eq!(
            read(&mut body, [&b"ab"[..], b"cdeHTTP"]),
            Ok((b"abcde".to_vec(), 4))
        );
        assert!(body.is_done());
        let mut body = Body::ToEnd;
        assert_eq!(
            read(&mut body, [&b"ab"[..], b"cd"]),
            Ok((b"abcd".to_vec(), 0))
        );
        assert!(!body.is_done());
    }

    #[test]
    fn broken_chunks_are_named() {
        for (bytes, problem) in [
            (&b"\r\nabc"[..], "without its size"),
            (b"xyz\r\n", "without its size"),
            (b"3\r\nabcd\r\n", "longer than its size"),
            (b"3\r\nabc\rx", "longer than its size"),
            (b"ffffffffffffffffff\r\n", "impossible size"),
        ] {
            let error = read(&mut Body::chunked(), [bytes]).unwrap_err();
            assert!(error.0.contains(problem), "{error}");
        }
        let long = [b"1;".as_slice(), &[b'x'; MAX_LINE + 2]].concat();
        assert!(read(&mut Body::chunked(), [&*long]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&mut Body::chunked(), bytes.chunks(3));
        }
    }
}
