//! Kept-alive HTTP/1.1 connections to one server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue, SERVER};
use hyper::{HeaderMap, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tower_service::Service;

use super::arrived::Arrived;
use super::connection::Connection;
use super::open::ConnectionCount;
use super::reuse::Reuse;
use super::route::Route;
use super::socket::Dial;
use super::{BackendError, HttpConfig, trust};

type Plain = HttpsConnector<Dial>;

/// Opens connections and keeps those that can be used again. Never retries.
pub(super) struct Connections {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
    address: Uri,
    route: Route,
    timeout: Duration,
    count: ConnectionCount,
    idle: Mutex<Vec<Connection>>,
    reuse: Reuse,
}

impl Connections {
    /// Connections to a server, through the proxy that the environment names for it.
    ///
    /// # Errors
    /// When no TLS configuration can be made, or the proxy or the own certificate authority cannot
    /// be used.
    pub(super) fn new(address: &Uri, config: &HttpConfig) -> Result<Self, BackendError> {
        let timeout = config.timeouts.connect;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        Ok(Self {
            tcp,
            tls: Arc::new(trust::tls(config.ca_file.as_deref())?),
            address: address.clone(),
            route: Route::from_environment(address)?,
            timeout,
            count: config.connections.clone(),
            idle: Mutex::new(Vec::new()),
            reuse: Reuse::default(),
        })
    }

    /// What a request for a path asks for on the connection.
    pub(super) fn target(&self, path: Uri) -> Uri {
        self.route.target(&self.address, path)
    }

    /// What every request tells a proxy that passes requests on.
    pub(super) fn proxy_header(&self) -> Option<(HeaderName, HeaderValue)> {
        self.route.header()
    }

    /// A connection that is ready: a kept one, else a new one.
    ///
    /// # Errors
    /// Why none could be made, in a few words.
    pub(super) async fn get(&self) -> Result<Connection, String> {
        while let Some(mut kept) = self.take() {
            if kept.is_alive().await {
                return Ok(kept);
            }
        }
        match tokio::time::timeout(self.timeout, self.open()).await {
            Ok(Ok(mut opened)) => {
                opened.open = Some(self.count.one_more());
                Ok(opened)
            }
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(format!("no connection within {:?}", self.timeout)),
        }
    }

    /// What became of requests on kept connections.
    pub(super) fn reuse(&self) -> &Reuse {
        &self.reuse
    }

    /// Gives back a connection; it is kept if another request may be sent on it.
    pub(super) fn keep(&self, mut connection: Connection) {
        if connection.is_reusable() && self.reuse.is_worth_it() {
            connection.is_kept = true;
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection);
        }
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.reuse.is_worth_it() {
            idle.clear();
        }
        idle.pop()
    }

    async fn open(&self) -> Result<Connection, String> {
        let arrived = Arrived::new();
        let dial = Dial::new(self.tcp.clone(), arrived.clone());
        let mut connector = Plain::from((dial, Arc::clone(&self.tls)));
        if let Some(tunnel) = self.route.tunnel(&connector) {
            let mut within = HttpsConnector::from((tunnel, Arc::clone(&self.tls)));
            let stream = within.call(self.address.clone()).await;
            let stream = stream.map_err(|e| chain(&*e))?;
            return Ok(Connection::over(TokioIo::new(stream), arrived));
        }
        let to = self.route.proxy().unwrap_or(&self.address);
        let stream = connector.call(to.clone()).await;
        Ok(match stream.map_err(|e| chain(&*e))? {
            // Without wrappers, each of which would clear the read buffer before every read.
            MaybeHttpsStream::Http(plain) => Connection::over(plain.into_inner(), arrived),
            stream @ MaybeHttpsStream::Https(_) => Connection::over(TokioIo::new(stream), arrived),
        })
    }
}

/// Whether a server closes connections that it promised to keep: a request that is sent on one at that
/// moment is lost.
///
/// llama.cpp says `Keep-Alive: timeout=5, max=100` and closes after one stream or two.
pub(super) fn breaks_promises(headers: &HeaderMap) -> bool {
    headers.get(SERVER).is_some_and(|name| name == "llama.cpp")
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
