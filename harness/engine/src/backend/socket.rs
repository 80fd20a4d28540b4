//! A TCP socket whose bytes carry the time at which the kernel received them.
//!
//! A program that is woken, scheduled and busy with other streams reads bytes tens of microseconds to
//! milliseconds after they came. On Linux the kernel notes the arrival itself (`SO_TIMESTAMPNS`,
//! `socket(7)`), so that none of this is in a measured time. Elsewhere the moment of the read counts.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::arrived::Arrived;
#[cfg(target_os = "linux")]
use super::stamped::Socket;
#[cfg(not(target_os = "linux"))]
use super::unstamped::Socket;

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
