//! Listening, accepting and stopping.

use super::chat::HangUp;
use super::config::FleetConfig;
use super::record::RequestRecord;
use super::route::route;
use super::state::FleetState;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

/// How long `shutdown` waits for open streams.
const GRACE: Duration = Duration::from_secs(5);

/// A running fleet. Dropping it closes all listeners and connections.
#[derive(Debug)]
pub struct Fleet {
    addr: SocketAddr,
    tier_addrs: Vec<(String, SocketAddr)>,
    state: Arc<FleetState>,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

/// Starts a fleet on the loopback interface. Must be called inside a tokio runtime with I/O and
/// time enabled.
///
/// # Errors
///
/// `InvalidInput` when the settings make no sense; otherwise what binding a port reports, with
/// the port in the message.
pub async fn serve(config: FleetConfig) -> io::Result<Fleet> {
    if let Some(problem) = config.problem() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    let (port, port_per_tier) = (config.port, config.port_per_tier);
    let state = Arc::new(FleetState::new(config));
    let (stop, stopped) = watch::channel(false);
    let mut listeners = Vec::new();
    let mut tier_addrs = Vec::new();
    let (listener, addr) = bind(port).await?;
    listeners.push(tokio::spawn(accept(
        listener,
        Arc::clone(&state),
        None,
        stopped.clone(),
    )));
    for model in state.models.iter().filter(|_| port_per_tier) {
        let (listener, addr) = bind(0).await?;
        let name: Arc<str> = model.name.as_str().into();
        listeners.push(tokio::spawn(accept(
            listener,
            Arc::clone(&state),
            Some(name),
            stopped.clone(),
        )));
        tier_addrs.push((model.name.clone(), addr));
    }
    Ok(Fleet {
        addr,
        tier_addrs,
        state,
        stop,
        listeners,
    })
}

/// A listener on the loopback interface, and where it is; port 0 lets the system choose.
pub(crate) async fn bind(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let named =
        |e: io::Error| io::Error::new(e.kind(), format!("cannot bind 127.0.0.1:{port}: {e}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(named)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

impl Fleet {
    /// The address that serves all tiers.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT` for `tier`: its own port when it has one, the shared one otherwise.
    pub fn base_url(&self, tier: &str) -> String {
        let own = self.tier_addrs.iter().find(|(name, _)| name == tier);
        format!("http://{}", own.map_or(self.addr, |(_, addr)| *addr))
    }

    /// The instant that the times of the log count from.
    pub fn started(&self) -> Instant {
        self.state.log.started()
    }

    /// The finished requests, oldest first.
    pub fn log(&self) -> Vec<RequestRecord> {
        self.state.log.snapshot()
    }

    /// Empties all prefix caches.
    pub fn reset_prefix_caches(&self) {
        self.state
            .models
            .iter()
            .for_each(|m| m.engine.reset_cache());
    }

    /// Stops accepting, lets open requests finish for five seconds, then closes everything.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for mut listener in std::mem::take(&mut self.listeners) {
            if timeout(GRACE, &mut listener).await.is_err() {
                listener.abort();
            }
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

/// Accepts until told to stop; connections live in a set that dies with this task.
async fn accept(
    listener: TcpListener,
    state: Arc<FleetState>,
    tier: Option<Arc<str>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    let job = connection(socket, Arc::clone(&state), tier.clone(), stopped.clone());
                    connections.spawn(job);
                }
                // Out of descriptors: wait for some to come back.
                Err(_) => sleep(Duration::from_millis(5)).await,
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    socket: TcpStream,
    state: Arc<FleetState>,
    tier: Option<Arc<str>>,
    mut stopped: watch::Receiver<bool>,
) {
    // Without it, Nagle's algorithm would hold single tokens back; a failure only costs time.
    let _ = socket.set_nodelay(true);
    let service = service_fn(move |request| {
        let (state, tier) = (Arc::clone(&state), tier.clone());
        async move {
            let response = route(&state, tier.as_deref(), request).await;
            match response.extensions().get::<HangUp>() {
                None => Ok(response),
                Some(_) => Err(io::Error::other("scripted hang-up")),
            }
        }
    });
    let mut open =
        std::pin::pin!(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    // A broken connection is the client's business; its requests are logged as aborted.
    tokio::select! {
        _ = open.as_mut() => return,
        _ = stopped.changed() => open.as_mut().graceful_shutdown(),
    }
    let _ = open.await;
}
