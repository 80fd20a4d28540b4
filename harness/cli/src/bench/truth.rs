//! What the server itself saw.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use weighbridge_mock::null::NullRecord;

use crate::failure::Failure;

/// The null backend's records by request, on its own clock.
pub(super) fn records(url: &str) -> Result<BTreeMap<String, NullRecord>, Failure> {
    let address = url.trim_start_matches("http://");
    let text = fetch(address)
        .map_err(|e| Failure::invalid(format!("cannot read the null backend's records: {e}")))?;
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let mut records = BTreeMap::new();
    for line in body.lines() {
        let record: NullRecord = serde_json::from_str(line)
            .map_err(|e| Failure::invalid(format!("a record of the null backend: {e}")))?;
        records.insert(record.request.to_string(), record);
    }
    Ok(records)
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
