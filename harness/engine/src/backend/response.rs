//! The head of a response, and how its body ends.

use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, StatusCode};

use super::body::{Body, Broken};

/// Most headers of a response.
const HEADERS: usize = 128;

/// The head of one response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// How the body ends.
    pub(super) body: Body,
    /// Whether another request may follow on the connection, once the body was read.
    pub(super) keeps_open: bool,
}

/// Reads the head that `bytes` start with, and its length; `None` while it is not complete.
///
/// # Errors
/// [`Broken`].
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Response, usize)>, Broken> {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Response::new(&mut fields);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(Broken(error.to_string())),
    };
    let status =
        StatusCode::from_u16(parsed.code.unwrap_or(0)).map_err(|e| Broken(e.to_string()))?;
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|e| Broken(e.to_string()))?;
        let value = HeaderValue::from_bytes(field.value).map_err(|e| Broken(e.to_string()))?;
        headers.append(name, value);
    }
    let is_old = parsed.version == Some(0);
    let body = body(status, &headers)?;
    let keeps_open = body != Body::ToEnd
        && !says(&headers, "close")
        && (!is_old || says(&headers, "keep-alive"))
        // Both lengths at once: whoever wrote them does not agree with himself.
        && !(headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH));
    let response = Response {
        status,
        headers,
        body,
        keeps_open,
    };
    Ok(Some((response, length)))
}

/// RFC 9112, section 6.3.
fn body(status: StatusCode, headers: &HeaderMap) -> Result<Body, Broken> {
    if status.is_informational() || matches!(status.as_u16(), 204 | 304) {
        return Ok(Body::Done);
    }
    if let Some(coding) = headers.get_all(TRANSFER_ENCODING).iter().next_back() {
        let last = coding.to_str().unwrap_or_default().rsplit(',').next();
        let is_chunked = last.is_some_and(|c| c.trim().eq_ignore_ascii_case("chunked"));
        return Ok(match is_chunked {
            true => Body::chunked(),
            false => Body::ToEnd,
        });
    }
    let mut lengths = headers
        .get_all(CONTENT_LENGTH)
        .iter()
        .map(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    match lengths.next() {
        None => Ok(Body::ToEnd),
        Some(Some(length)) if lengths.all(|other| other == Some(length)) => Ok(match length {
            0 => Body::Done,
            length => Body::Length(length),
        }),
        Some(_) => Err(Broken("a content-length that is no number".to_owned())),
    }
}

fn says(headers: &HeaderMap, word: &str) -> bool {
    let values = headers.get_all(CONNECTION).iter();
    let mut words = values
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','));
    words.any(|w| w.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> (Body, bool) {
        let (response, length) = parse(head.as_bytes()).unwrap().unwrap();
        assert_eq!(length, head.len());
        (response.body, response.keeps_open)
    }

    #[test]
    fn the_end_of_a_body_follows_from_its_head() {
        for (head, expected) in [
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n",
                (Body::chunked(), true),
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
                (Body::ToEnd, false),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n",
                (Body::Length(7), true),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: a, Close\r\n\r\n",
                (Body::Done, false),
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", (Body::ToEnd, false)),
            (
                "HTTP/1.0 200 OK\r\ncontent-length: 7\r\n\r\n",
                (Body::Length(7), false),
            ),
            (
                "HTTP/1.0 200 OK\r\ncontent-length: 7\r\nconnection: keep-alive\r\n\r\n",
                (Body::Length(7), true),
            ),
            (
                "HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n",
                (Body::Done, true),
            ),
            (
                "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n",
                (Body::Done, true),
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ntransfer-encoding: chunked\r\n\r\n",
                (Body::chunked(), false),
            ),
        ] {
            assert_eq!(read(head), expected, "{head}");
        }
    }

    #[test]
    fn half_a_head_waits_and_nonsense_is_refused() {
        let head = "HTTP/1.1 200 OK\r\nx-request-id: r\r\nserver: é\r\n\r\n";
        for at in 0..head.len() {
            assert!(parse(&head.as_bytes()[..at]).unwrap().is_none(), "{at}");
        }
        let (response, _) = parse(head.as_bytes()).unwrap().unwrap();
        assert_eq!(response.headers["x-request-id"], "r");
        for head in [
            "SSH-2.0-x\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 8\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        ] {
            assert!(parse(head.as_bytes()).is_err(), "{head}");
        }
    }
}
