//! The null backend: a model server that costs as little as one can, to measure clients against.
//!
//! It speaks streamed Chat Completions over hand-written HTTP/1.1, computes nothing and writes every
//! event on its own, as a server that decodes token by token does. It keeps its own clock marks of
//! each request, which a client's marks can be held against.
//!
//! | Path | What |
//! |---|---|
//! | `POST …/completions` | one streamed answer |
//! | `GET /records` | one [`NullRecord`] per finished request, JSON lines |
//! | `GET` anything else | 200, empty |
//! | anything else | 404 |

mod answer;
mod connection;
mod record;
mod request;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use answer::LAST_WORD;
pub use record::NullRecord;

use crate::server::bind;
use answer::Script;
use record::Records;

/// Settings of [`serve_null`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NullConfig {
    /// The loopback port; 0 lets the system choose.
    pub port: u16,
    /// Tokens of every answer, one an event; at least 1.
    pub tokens: usize,
    /// Time from the end of the request to the first token.
    pub ttft: Duration,
    /// Time between tokens.
    pub itl: Duration,
}

impl Default for NullConfig {
    fn default() -> Self {
        Self {
            port: 0,
            tokens: 64,
            ttft: Duration::ZERO,
            itl: Duration::ZERO,
        }
    }
}

/// A running null backend. Dropping it stops listening; open connections live as long as the
/// runtime.
#[derive(Debug)]
pub struct NullServer {
    addr: SocketAddr,
    listener: JoinHandle<()>,
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    config: NullConfig,
    script: Script,
    records: Records,
}

/// Starts a null backend on the loopback interface, inside a tokio runtime with I/O and time
/// enabled.
///
/// # Errors
/// What binding the port reports, with the port in the message.
pub async fn serve_null(config: NullConfig) -> io::Result<NullServer> {
    let (listener, addr) = bind(config.port).await?;
    let shared = Arc::new(Shared {
        config,
        script: Script::new(config.tokens.max(1)),
        records: Records::start(),
    });
    let listener = tokio::spawn(accept(listener, Arc::clone(&shared)));
    Ok(NullServer {
        addr,
        listener,
        shared,
    })
}

impl NullServer {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it saw of each finished request, oldest first.
    pub fn records(&self) -> Vec<NullRecord> {
        self.shared.records.all()
    }
}

impl Drop for NullServer {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // A broken connection is the client's business.
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let _ = connection::serve(socket, &shared).await;
                });
            }
            // Out of descriptors: wait for some to come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn until(socket: &mut TcpStream, end: &str) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(end.as_bytes()) {
            assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0);
        }
        String::from_utf8(seen).unwrap()
    }

    #[tokio::test]
    async fn every_request_gets_the_answer_and_a_record() {
        let config = NullConfig {
            tokens: 3,
            ttft: Duration::from_millis(20),
            itl: Duration::from_millis(5),
            ..NullConfig::default()
        };
        let server = serve_null(config).await.unwrap();
        let mut socket = TcpStream::connect(server.addr()).await.unwrap();
        let post = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        for number in ["1", "2"] {
            // In two writes, torn inside the head.
            socket.write_all(&post[..20]).await.unwrap();
            socket.write_all(&post[20..]).await.unwrap();
            let answer = until(&mut socket, "0\r\n\r\n").await;
            assert!(answer.contains(&format!("x-request-id: {number}\r\n")));
            assert_eq!(answer.matches("\"content\":\" ").count(), 3);
            assert_eq!(answer.matches("data: ").count(), 7);
            assert!(answer.contains(LAST_WORD) && answer.contains("\"completion_tokens\":3"));
        }
        socket
            .write_all(b"GET /records HTTP/1.1\r\n\r\n")
            .await
            .unwrap();
        let records = until(&mut socket, "}\n").await;
        let lines = records.lines().filter(|l| l.starts_with('{'));
        let records: Vec<NullRecord> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(
            records.iter().map(|r| r.request).collect::<Vec<_>>(),
            [1, 2]
        );
        for record in records {
            assert!(record.first_token_us >= record.arrived_us + 20_000);
            assert!(record.done_us >= record.arrived_us + 30_000);
        }
    }
}
