//! How many streamed answers of 64 tokens one server thread delivers with pacing off.
//!
//! `cargo run --release -p weighbridge-mock --example answers_per_second`

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use weighbridge_mock::{FleetConfig, serve};

const CONNECTIONS: usize = 16;
const LENGTH: Duration = Duration::from_secs(3);

fn main() -> std::io::Result<()> {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let fleet = serve(FleetConfig {
                speed: f64::INFINITY,
                ..Default::default()
            })
            .await?;
            let _ = send.send(fleet.addr());
            std::future::pending::<()>().await;
            Ok(())
        })
    });
    let addr = receive.recv().map_err(std::io::Error::other)?;
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|c| std::thread::spawn(move || client(addr, c, start)))
        .collect();
    let mut answers = 0;
    for client in clients {
        answers += client
            .join()
            .map_err(|_| std::io::Error::other("client died"))??;
    }
    eprintln!(
        "{:.0} answers/s",
        answers as f64 / start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Asks on one connection until the time is up; the number of answers.
fn client(addr: SocketAddr, number: usize, start: Instant) -> std::io::Result<usize> {
    let mut socket = TcpStream::connect(addr)?;
    socket.set_nodelay(true)?;
    let (mut answers, mut buffer) = (0, vec![0; 64 * 1024]);
    while start.elapsed() < LENGTH {
        let body = format!(
            "{{\"model\":\"small\",\"stream\":true,\"max_tokens\":64,\"min_tokens\":64,\
             \"messages\":[{{\"role\":\"user\",\"content\":\"Compute {number} + {answers}. {}\"}}]}}",
            "Some words that make the prompt as long as prompts are. ".repeat(20)
        );
        write!(
            socket,
            "POST /v1/chat/completions HTTP/1.1\r\nhost: m\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut tail = Vec::new();
        while !tail.ends_with(b"0\r\n\r\n") {
            let read = socket.read(&mut buffer)?;
            if read == 0 {
                return Err(std::io::Error::other("the server hung up"));
            }
            tail.extend_from_slice(&buffer[read.saturating_sub(5)..read]);
        }
        answers += 1;
    }
    Ok(answers)
}
