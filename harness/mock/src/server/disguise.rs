//! Bodies that say the right thing in an unusual way.

use crate::fault::Fault;
use bytes::{BufMut, Bytes, BytesMut};

/// How the bytes of a body are changed on their way out.
#[derive(Debug)]
pub(super) enum Disguise {
    /// These bytes come first.
    Prefix(Option<Bytes>),
    /// Line feeds become carriage returns.
    LoneCr,
    /// A gzip file (RFC 1952) of stored blocks.
    Gzip(Gzip),
}

/// A gzip file under way.
#[derive(Debug, Default)]
pub(super) struct Gzip {
    crc: u32,
    length: u32,
    begun: bool,
    ended: bool,
}

impl Disguise {
    /// The disguise of a fault, if it is one. Lines mean nothing in different words where the body
    /// is server-sent events.
    pub(super) fn of(fault: Fault, is_events: bool) -> Option<Self> {
        match fault {
            Fault::ByteOrderMark => Some(Self::Prefix(Some(Bytes::from_static(b"\xef\xbb\xbf")))),
            Fault::LongLine { bytes } => {
                // A comment in server-sent events; white space anywhere else.
                let mut line = vec![b' '; bytes];
                if is_events && let Some(first) = line.first_mut() {
                    *first = b':';
                }
                line.push(b'\n');
                Some(Self::Prefix(Some(line.into())))
            }
            Fault::LoneCr => Some(Self::LoneCr),
            Fault::Compressed => Some(Self::Gzip(Gzip::default())),
            _ => None,
        }
    }

    /// Whether the headers must tell.
    pub(super) fn encoding(&self) -> Option<&'static str> {
        matches!(self, Self::Gzip(_)).then_some("gzip")
    }

    /// The next bytes in their disguise.
    pub(super) fn dress(&mut self, bytes: Bytes) -> Bytes {
        match self {
            Self::Prefix(prefix) => match prefix.take() {
                None => bytes,
                Some(prefix) => [prefix, bytes].concat().into(),
            },
            Self::LoneCr => {
                let turned = bytes.iter().map(|b| if *b == b'\n' { b'\r' } else { *b });
                turned.collect::<Vec<u8>>().into()
            }
            Self::Gzip(gzip) => gzip.add(&bytes),
        }
    }

    /// What comes after the last bytes.
    pub(super) fn end(&mut self) -> Option<Bytes> {
        match self {
            Self::Gzip(gzip) => gzip.end(),
            _ => None,
        }
    }
}

impl Gzip {
    fn head(&mut self, out: &mut BytesMut) {
        if !self.begun {
            self.begun = true;
            // Deflate, no flags, no time, unknown system.
            out.put_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = BytesMut::new();
        self.head(&mut out);
        for block in bytes.chunks(usize::from(u16::MAX)) {
            stored(&mut out, block, false);
        }
        self.crc = crc32(self.crc, bytes);
        self.length = self.length.wrapping_add(bytes.len() as u32);
        out.freeze()
    }

    fn end(&mut self) -> Option<Bytes> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        let mut out = BytesMut::new();
        self.head(&mut out);
        stored(&mut out, &[], true);
        out.put_u32_le(self.crc);
        out.put_u32_le(self.length);
        Some(out.freeze())
    }
}

/// A stored block of deflate (RFC 1951, 3.2.4).
fn stored(out: &mut BytesMut, block: &[u8], is_last: bool) {
    let length = block.len() as u16;
    out.put_u8(u8::from(is_last));
    out.put_u16_le(length);
    out.put_u16_le(!length);
    out.put_slice(block);
}

/// CRC-32 of RFC 1952, section 8, continued from `crc`.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let mut crc = !crc;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32() {
        assert_eq!(crc32(0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(crc32(0, b"1234"), b"56789"), 0xcbf4_3926);
    }

    #[test]
    fn disguises_change_bytes_and_not_words() {
        let dress = |fault, events| {
            let mut disguise = Disguise::of(fault, events).unwrap();
            let first = disguise.dress(Bytes::from_static(b"a\n"));
            [first, disguise.dress(Bytes::from_static(b"b\n"))].concat()
        };
        assert_eq!(dress(Fault::ByteOrderMark, true), b"\xef\xbb\xbfa\nb\n");
        assert_eq!(dress(Fault::LoneCr, true), b"a\rb\r");
        assert_eq!(dress(Fault::LongLine { bytes: 3 }, true), b":  \na\nb\n");
        assert_eq!(dress(Fault::LongLine { bytes: 3 }, false), b"   \na\nb\n");
        assert!(Disguise::of(Fault::HangUp, true).is_none());
    }
}
