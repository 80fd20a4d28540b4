//! The other end of a wire: remembers what it was asked and refuses everything.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A listener that lives as long as the test process.
pub(crate) struct Captured {
    pub(crate) address: SocketAddr,
    calls: Arc<Mutex<Vec<Value>>>,
}

impl Captured {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&calls);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (socket, seen) = (socket.unwrap(), Arc::clone(&seen));
                std::thread::spawn(move || refuse(socket, &seen));
            }
        });
        Self { address, calls }
    }

    /// Bodies of the calls so far.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }
}

/// Reads one request, answers 400. A connection that is only opened is none.
fn refuse(socket: TcpStream, seen: &Mutex<Vec<Value>>) -> Option<()> {
    let mut reader = BufReader::new(socket.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if let Ok(body) = serde_json::from_slice(&body) {
        seen.lock().unwrap().push(body);
    }
    let reply = "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    (&socket).write_all(reply.as_bytes()).ok()
}
