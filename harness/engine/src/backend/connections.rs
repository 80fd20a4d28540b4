//! Kept-alive HTTP/1.1 connections to one server.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::connection::Connection;

/// Opens connections and keeps those that can be used again. Never retries.
pub(super) struct Connections {
    connector: HttpsConnector<HttpConnector>,
    address: Uri,
    timeout: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    /// # Errors
    /// When no TLS configuration can be made.
    pub(super) fn new(address: Uri, timeout: Duration) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_webpki_roots()
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self {
            connector,
            address,
            timeout,
            idle: Mutex::new(Vec::new()),
        })
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
            Ok(opened) => opened,
            Err(_) => Err(format!("no connection within {:?}", self.timeout)),
        }
    }

    /// Gives back a connection; it is kept if another request may be sent on it.
    pub(super) fn keep(&self, connection: Connection) {
        if connection.is_reusable() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(connection);
        }
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    async fn open(&self) -> Result<Connection, String> {
        let mut connector = self.connector.clone();
        let stream = connector.call(self.address.clone()).await;
        let stream = stream.map_err(|e| chain(&*e))?;
        Ok(Connection::over(TokioIo::new(stream)))
    }
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
