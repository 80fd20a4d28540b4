//! One kept-alive connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::record::NullRecord;
use super::request::{Head, Wants, head};
use super::{NullConfig, Shared};

/// Answers requests until the client goes away.
pub(super) async fn serve(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    // Without it, Nagle's algorithm would hold single tokens back.
    socket.set_nodelay(true)?;
    let mut input = Vec::with_capacity(4096);
    while let Some(asked) = read(&mut socket, &mut input).await? {
        match asked.wants {
            Wants::Answer => answer(&mut socket, shared).await?,
            Wants::Records => plain(&mut socket, "200 OK", &shared.records.json_lines()).await?,
            Wants::Sign => plain(&mut socket, "200 OK", b"").await?,
            Wants::Other => plain(&mut socket, "404 Not Found", b"").await?,
        }
    }
    Ok(())
}

async fn plain(socket: &mut TcpStream, status: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body).await
}

/// Reads one request to its end and takes it out of `input`; `None` when the client went away.
async fn read(socket: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<Option<Head>> {
    loop {
        if let Some(asked) = head(input)
            && input.len() >= asked.len + asked.body
        {
            input.drain(..asked.len + asked.body);
            return Ok(Some(asked));
        }
        if socket.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

async fn answer(socket: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    let (config, script, records) = (&shared.config, &shared.script, &shared.records);
    let mut record = NullRecord {
        request: records.next(),
        arrived_us: records.now_us(),
        first_token_us: 0,
        done_us: 0,
    };
    let start = Instant::now();
    let mut head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: {}\r\n\
         transfer-encoding: chunked\r\n\r\n",
        record.request
    )
    .into_bytes();
    head.extend_from_slice(&script.role);
    socket.write_all(&head).await?;
    for (i, token) in script.tokens.iter().enumerate() {
        wait(config, start, i as u32).await;
        if i == 0 {
            record.first_token_us = records.now_us();
        }
        socket.write_all(token).await?;
    }
    for end in &script.ends {
        socket.write_all(end).await?;
    }
    record.done_us = records.now_us();
    records.keep(record);
    Ok(())
}

/// Sleeps until token `i` is due, on a schedule that does not drift.
async fn wait(config: &NullConfig, start: Instant, i: u32) {
    let due = config.ttft + config.itl * i;
    if due > Duration::ZERO {
        sleep_until(start + due).await;
    }
}
