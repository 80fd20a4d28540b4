//! As much of an HTTP/1.1 request as is needed to find its end.

/// A request whose head is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the head, its blank line included.
    pub(super) len: usize,
    /// Bytes of the body.
    pub(super) body: usize,
    pub(super) wants: Wants,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// An answer.
    Answer,
    /// The server's records.
    Records,
    /// Whether somebody is there.
    Sign,
    /// Something that is not here.
    Other,
}

impl Wants {
    fn of(head: &[u8]) -> Self {
        let mut words = head.split(|b| *b == b' ');
        match (words.next(), words.next()) {
            (Some(b"POST"), Some(path)) if path.ends_with(b"/completions") => Self::Answer,
            (Some(b"GET"), Some(b"/records")) => Self::Records,
            (Some(b"GET"), _) => Self::Sign,
            _ => Self::Other,
        }
    }
}

/// Reads a head out of the beginning of `bytes`; `None` while it is not complete.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    let len = 4 + bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let text = bytes[..len].split(|b| *b == b'\n');
    let body = text.filter_map(content_length).next_back().unwrap_or(0);
    Some(Head {
        len,
        body,
        wants: Wants::of(bytes),
    })
}

fn content_length(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_request_is_found() {
        let post = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 12\r\n\r\n{";
        let found = head(post).unwrap();
        assert_eq!((found.len, found.body), (post.len() - 1, 12));
        assert_eq!(found.wants, Wants::Answer);
        assert_eq!(head(&post[..40]), None);
        let get = head(b"GET /records HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        assert_eq!((get.wants, get.body), (Wants::Records, 0));
        assert_eq!(
            head(b"POST /tokenize HTTP/1.1\r\n\r\n").unwrap().wants,
            Wants::Other
        );
    }
}
