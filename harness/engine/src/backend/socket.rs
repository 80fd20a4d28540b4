//! A TCP socket whose bytes carry the time at which the kernel received them.
//!
//! A program that is woken, scheduled and busy with other streams reads bytes tens of microseconds to
//! milliseconds after they came. On Linux the kernel notes the arrival itself (`SO_TIMESTAMPNS`,
//! `socket(7)`), so that none of this is in a measured time. Elsewhere the moment of the read counts.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tower_service::Service;

use super::arrived::Arrived;
#[cfg(target_os = "linux")]
use super::stamped::ask;
#[cfg(not(target_os = "linux"))]
use super::unstamped::ask;

/// A connected TCP socket. How it is read depends on the system.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) tcp: TcpStream,
    pub(super) arrived: Arrived,
}

impl Socket {
    pub(super) fn new(tcp: TcpStream, arrived: Arrived) -> Self {
        ask(&tcp);
        Self { tcp, arrived }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Opens one socket; the way to a server is built on it.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    tcp: HttpConnector,
    arrived: Arrived,
}

impl Dial {
    /// The bytes of the socket are marked in `arrived`.
    pub(super) fn new(tcp: HttpConnector, arrived: Arrived) -> Self {
        Self { tcp, arrived }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Dial {
    type Response = TokioIo<Socket>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, arrived) = (self.tcp.call(to), self.arrived.clone());
        Box::pin(async move {
            let tcp = connecting.await?.into_inner();
            Ok(TokioIo::new(Socket::new(tcp, arrived)))
        })
    }
}
