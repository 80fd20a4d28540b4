//! The time to the first token as the server saw it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use weighbridge_mock::null::NullRecord;

use crate::failure::Failure;

/// Milliseconds from the end of the request to the first token, by request, on the server's clock.
pub(super) fn first_tokens_ms(url: &str) -> Result<BTreeMap<String, f64>, Failure> {
    let address = url.trim_start_matches("http://");
    let text = fetch(address)
        .map_err(|e| Failure::invalid(format!("cannot read the null backend's records: {e}")))?;
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let mut times = BTreeMap::new();
    for line in body.lines() {
        let record: NullRecord = serde_json::from_str(line)
            .map_err(|e| Failure::invalid(format!("a record of the null backend: {e}")))?;
        let us = record.first_token_us.saturating_sub(record.arrived_us);
        times.insert(record.request.to_string(), us as f64 / 1e3);
    }
    Ok(times)
}

fn fetch(address: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    write!(socket, "GET /records HTTP/1.1\r\nhost: {address}\r\n\r\n")?;
    // The null backend keeps connections open but reads what is sent: no more requests follow.
    socket.shutdown(std::net::Shutdown::Write)?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    Ok(text)
}
