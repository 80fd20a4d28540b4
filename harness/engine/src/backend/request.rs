//! The bytes of a request.

use std::io::Write;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Uri};

/// Everything before the length of the body: the same for every request to one path. A whole address
/// instead of a path is asked for as it is, which is how a proxy is spoken to (RFC 9112, section 3.2).
pub(super) fn head(method: &Method, path: &Uri, headers: &[(HeaderName, HeaderValue)]) -> Vec<u8> {
    let target = match path.scheme() {
        Some(_) => path.to_string(),
        None => path.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
    };
    let mut head = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head
}

/// A whole request.
pub(super) fn with_body(head: &[u8], body: &[u8]) -> Vec<u8> {
    let mut request = Vec::with_capacity(head.len() + body.len() + 48);
    request.extend_from_slice(head);
    // Writing to memory cannot fail.
    let _ = write!(request, "content-length: {}\r\n\r\n", body.len());
    request.extend_from_slice(body);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_its_head_and_its_body() {
        let headers = [(
            HeaderName::from_static("host"),
            HeaderValue::from_static("h:1"),
        )];
        let path = "/v1/chat/completions?a=b".parse().unwrap();
        let whole = "http://h:1/v1/x?a=b".parse().unwrap();
        let proxied = String::from_utf8(super::head(&Method::GET, &whole, &headers)).unwrap();
        assert!(proxied.starts_with("GET http://h:1/v1/x?a=b HTTP/1.1\r\n"));
        let head = head(&Method::POST, &path, &headers);
        let text = String::from_utf8(with_body(&head, b"{}")).unwrap();
        assert_eq!(
            text,
            "POST /v1/chat/completions?a=b HTTP/1.1\r\nhost: h:1\r\ncontent-length: 2\r\n\r\n{}"
        );
    }
}
