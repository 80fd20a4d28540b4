//! How the socket is read on Linux, whose kernel stamps what it receives.

use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, RecvMsg, recvmsg, setsockopt};
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::socket::Socket;

/// Room for one stamp beside the bytes, with its head (`cmsg(3)`), which wants to be aligned.
#[repr(align(16))]
struct Control([u8; 64]);

/// Asks the kernel for stamps. One that has none stamps nothing: the time of the read counts then.
pub(super) fn ask(tcp: &TcpStream) {
    let _ = setsockopt(tcp, ReceiveTimestampns, &true);
}

impl Socket {
    /// Reads what is there, if anything; how much, and when the last of it came.
    fn try_take(&self, bytes: &mut [u8]) -> io::Result<(usize, Option<SystemTime>)> {
        let wanted = bytes.len();
        let mut received = None;
        let unread = self.tcp.try_io(Interest::READABLE, || {
            let (length, stamp) = receive(&self.tcp, bytes)?;
            received = Some((length, stamp));
            // Less than there was room for is all there was. To say so spares a read in vain: the
            // runtime waits for what is told from before this read on. The end of a stream is not told
            // again.
            match (1..wanted).contains(&length) {
                true => Err(io::ErrorKind::WouldBlock.into()),
                false => Ok(()),
            }
        });
        match received {
            Some(received) => Ok(received),
            None => Err(unread.err().unwrap_or(io::ErrorKind::WouldBlock.into())),
        }
    }
}

/// Reads what is there; how much, and when the last of it came.
fn receive(tcp: &TcpStream, bytes: &mut [u8]) -> io::Result<(usize, Option<SystemTime>)> {
    let mut control = Control([0; 64]);
    let mut parts = [IoSliceMut::new(bytes)];
    let received: RecvMsg<'_, '_, ()> = recvmsg(
        tcp.as_raw_fd(),
        &mut parts,
        Some(&mut control.0),
        MsgFlags::empty(),
    )?;
    Ok((received.bytes, stamp(&received)))
}

fn stamp(received: &RecvMsg<'_, '_, ()>) -> Option<SystemTime> {
    let mut beside = received.cmsgs().ok()?;
    let stamp = beside.find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(stamp) => Some(stamp),
        _ => None,
    })?;
    let seconds = u64::try_from(stamp.tv_sec()).ok()?;
    let nanos = u32::try_from(stamp.tv_nsec()).ok()?;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.tcp.poll_read_ready(cx))?;
            match self.try_take(buffer.initialize_unfilled()) {
                Ok((length, stamp)) => {
                    self.arrived.mark(stamp);
                    buffer.advance(length);
                    return Poll::Ready(Ok(()));
                }
                // Nothing there after all, or a signal came.
                Err(error) if is_in_vain(&error) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

fn is_in_vain(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), Interrupted | WouldBlock)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::super::arrived::Arrived;
    use super::*;

    async fn pair() -> (Socket, Arrived, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (near, far) = tokio::join!(connecting, listener.accept());
        let arrived = Arrived::new();
        let socket = Socket::new(near.unwrap(), arrived.clone());
        (socket, arrived, far.unwrap().0)
    }

    /// Whether the kernel stamps. It begins shortly after the first socket asked for it; the one of some
    /// sandboxes never does.
    async fn is_stamping(socket: &mut Socket, far: &mut TcpStream) -> bool {
        for _ in 0..100 {
            far.write_all(b"x").await.unwrap();
            socket.tcp.readable().await.unwrap();
            if socket.try_take(&mut [0; 1]).unwrap().1.is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }

    #[tokio::test]
    async fn what_lay_in_the_socket_arrived_before_it_was_read() {
        let (mut socket, arrived, mut far) = pair().await;
        if !is_stamping(&mut socket, &mut far).await {
            eprintln!("skipped: this kernel does not stamp what it receives");
            return;
        }
        let before = Instant::now();
        far.write_all(b"token").await.unwrap();
        let sent = Instant::now();
        // Nobody reads for a while: the client is busy with other streams.
        std::thread::sleep(Duration::from_millis(200));
        let mut bytes = [0; 16];
        assert_eq!(socket.read(&mut bytes).await.unwrap(), 5);
        let read = Instant::now();
        let slack = Duration::from_millis(1);
        assert!(arrived.at() + slack >= before);
        assert!(
            arrived.at() < sent + Duration::from_millis(100),
            "stamped when it was read"
        );
        assert!(read - arrived.at() > Duration::from_millis(100));
    }

    #[tokio::test]
    async fn bytes_pass_whole_in_both_directions_to_the_end() {
        let (mut socket, _, far) = pair().await;
        let long: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
        let (mut from, mut to) = far.into_split();
        let echo = tokio::spawn(async move {
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        });
        let (mut reading, mut writing) = tokio::io::split(&mut socket);
        let write = async {
            writing.write_all(&long).await.unwrap();
            writing.shutdown().await.unwrap();
        };
        let mut back = Vec::new();
        let (_, read) = tokio::join!(write, reading.read_to_end(&mut back));
        assert_eq!(read.unwrap(), long.len());
        assert!(back == long);
        echo.await.unwrap();
    }

    #[tokio::test]
    async fn a_reset_is_an_error() {
        let (mut socket, _, far) = pair().await;
        far.set_zero_linger().unwrap();
        drop(far);
        let read = socket.read(&mut [0; 4]).await;
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}
