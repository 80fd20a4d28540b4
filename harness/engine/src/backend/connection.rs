//! One HTTP/1.1 connection, read where its bytes arrive.
//!
//! No task and no channel stands between the socket and who reads the answer: bytes carry the time of
//! their arrival (see [`super::socket`]) and are parsed in place. That is also what keeps the client
//! cheap.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::arrived::Arrived;
use super::body::{Body, Broken};
use super::connections::chain;
use super::open::Open;
use super::response::{self, Response};

/// A plain, encrypted or tunnelled stream of bytes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Size of the read buffer: an answer of 64 tokens that came while nobody looked is one read.
const BUFFER: usize = 16 << 10;

/// Longest head of a response, in bytes.
const MAX_HEAD: usize = 256 << 10;

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    /// The socket failed.
    #[error("{}", chain(.0))]
    Io(#[from] io::Error),
    /// The server closed the connection where more had to come.
    #[error("the connection was closed {0}")]
    Closed(&'static str),
    /// What came is no HTTP.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// A connection between two requests, or in one.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    arrived: Arrived,
    /// Bytes that were read; those in `start..end` were not looked at yet.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    body: Body,
    keeps_open: bool,
    /// Whether a request was answered on it before.
    pub(super) is_kept: bool,
    /// Its place in the count of open connections.
    pub(super) open: Option<Open>,
}

impl Connection {
    /// A connection over a stream on a socket that marks what arrives in `arrived`.
    pub(super) fn over(stream: impl Stream + 'static, arrived: Arrived) -> Self {
        Self {
            stream: Box::new(stream),
            arrived,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            body: Body::Done,
            keeps_open: true,
            is_kept: false,
            open: None,
        }
    }

    /// When the bytes that were read last had arrived.
    pub(super) fn arrived(&self) -> &Arrived {
        &self.arrived
    }

    /// Hands a request to the socket, and listens where the server does not take more of it: one that
    /// refuses a request may never read the rest. Whether the request was sent to its end.
    ///
    /// # Errors
    /// When the socket fails; a response may have come all the same.
    pub(super) async fn send(&mut self, request: &[u8]) -> io::Result<bool> {
        let mut sent = 0;
        std::future::poll_fn(|cx| {
            loop {
                match self.poll_send(cx, &request[sent..]) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Ok(more)) => {
                        sent += more;
                        continue;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if self.end - self.start >= MAX_HEAD => return Poll::Pending,
                    Poll::Pending => {}
                }
                if ready!(self.poll_fill(cx))? == 0 || self.has_refused() {
                    return Poll::Ready(Ok(false));
                }
            }
        })
        .await
    }

    /// Writes some of what is left of a request; 0 when it is all on its way.
    fn poll_send(&mut self, cx: &mut Context<'_>, left: &[u8]) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        if left.is_empty() {
            return stream.poll_flush(cx).map_ok(|()| 0);
        }
        match ready!(stream.poll_write(cx, left)) {
            Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => Poll::Ready(written),
        }
    }

    /// Whether what came so far is no answer: a status that is no success, or no HTTP.
    fn has_refused(&self) -> bool {
        let mut at = self.start;
        loop {
            match response::parse(&self.buffer[at..self.end]) {
                Ok(Some((early, length))) if early.status.is_informational() => at += length,
                Ok(Some((early, _))) => return !early.status.is_success(),
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// No other request may be sent.
    pub(super) fn give_up(&mut self) {
        self.keeps_open = false;
    }

    /// Reads the head of the response; heads that only announce it (1xx) are skipped.
    ///
    /// # Errors
    /// [`Lost`].
    pub(super) async fn head(&mut self) -> Result<Response, Lost> {
        loop {
            if let Some((response, length)) = response::parse(&self.buffer[self.start..self.end])? {
                self.start += length;
                if response.status.is_informational() {
                    continue;
                }
                self.body = response.body.clone();
                self.keeps_open = response.keeps_open;
                return Ok(response);
            }
            if self.end - self.start >= MAX_HEAD {
                return Err(Broken(format!("a head of more than {MAX_HEAD} bytes")).into());
            }
            if self.fill().await? == 0 {
                return Err(Lost::Closed("before the response headers"));
            }
        }
    }

    /// The next bytes of the body among those that were read; `None` if none are left.
    ///
    /// # Errors
    /// [`Broken`].
    pub(super) fn body(&mut self) -> Result<Option<&[u8]>, Broken> {
        let (used, taken) = self.body.next(&self.buffer[self.start..self.end])?;
        self.start += used;
        Ok((taken > 0).then(|| &self.buffer[self.start - taken..self.start]))
    }

    /// Whether the body was read to its end.
    pub(super) fn is_at_end(&self) -> bool {
        self.body.is_done()
    }

    /// Waits for more bytes of the body; `false` at the end of a body that ends with its connection.
    ///
    /// # Errors
    /// [`Lost`].
    pub(super) async fn arrival(&mut self) -> Result<bool, Lost> {
        match self.fill().await? {
            0 if self.body == Body::ToEnd => {
                self.body = Body::Done;
                Ok(false)
            }
            0 => Err(Lost::Closed("in the middle of the answer")),
            _ => Ok(true),
        }
    }

    /// Reads the rest of the body.
    ///
    /// # Errors
    /// [`Lost`], also when it is larger than `limit`.
    pub(super) async fn whole(&mut self, limit: usize) -> Result<Vec<u8>, Lost> {
        let mut whole = Vec::new();
        loop {
            while let Some(bytes) = self.body()? {
                if whole.len() + bytes.len() > limit {
                    return Err(Broken(format!("a body of more than {limit} bytes")).into());
                }
                whole.extend_from_slice(bytes);
            }
            if self.is_at_end() || !self.arrival().await? {
                return Ok(whole);
            }
        }
    }

    /// Whether another request may be sent: everything was read, and the server neither announced
    /// that it closes nor sent what nobody asked for.
    pub(super) fn is_reusable(&self) -> bool {
        self.keeps_open && self.is_at_end() && self.start == self.end
    }

    /// Whether the connection is still quiet and open, as far as is known without waiting.
    pub(super) async fn is_alive(&mut self) -> bool {
        let mut byte = [0; 1];
        std::future::poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut byte);
            // Bytes without a request are as bad as an end.
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
            Poll::Ready(read.is_pending())
        })
        .await
    }

    async fn fill(&mut self) -> io::Result<usize> {
        std::future::poll_fn(|cx| self.poll_fill(cx)).await
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end == self.buffer.len() {
                self.buffer.resize(2 * self.buffer.len(), 0);
            }
        }
        let mut room = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
        let read = room.filled().len();
        self.end += read;
        Poll::Ready(Ok(read))
    }
}
