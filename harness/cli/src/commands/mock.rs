//! `weighbridge mock`: the embedded fleet on a loopback port, or a null backend.

use std::time::Duration;

use weighbridge_mock::null::{NullConfig, serve_null};
use weighbridge_mock::{FleetConfig, builtin_tiers, serve};
use weighbridge_record::Exit;

use crate::args::MockArgs;
use crate::failure::Failure;

/// Serves until interrupted.
pub(crate) fn mock(args: &MockArgs) -> Result<Exit, Failure> {
    if args.speed.is_nan() || args.speed <= 0.0 {
        return Err(Failure::config(format!(
            "--speed is {}; it must be more than 0",
            args.speed
        )));
    }
    let runtime = crate::live::runtime()?;
    let served = runtime.block_on(async {
        match args.null.null {
            true => null(args).await,
            false => fleet(args).await,
        }
    });
    // A thread that still waits for standard input is left behind.
    runtime.shutdown_background();
    served.map(|()| Exit::Pass)
}

async fn fleet(args: &MockArgs) -> Result<(), Failure> {
    let config = FleetConfig {
        port: args.port,
        speed: args.speed,
        ..FleetConfig::default()
    };
    let fleet = serve(config).await.map_err(|e| taken(args, &e))?;
    let names: Vec<_> = builtin_tiers().iter().map(|t| t.name.to_string()).collect();
    eprintln!(
        "serving {} at http://{}/v1 (Ctrl-C ends)",
        names.join(", "),
        fleet.addr()
    );
    ended(args).await;
    fleet.shutdown().await;
    Ok(())
}

async fn null(args: &MockArgs) -> Result<(), Failure> {
    let null = &args.null;
    if null.tokens == 0 {
        return Err(Failure::config(
            "--tokens is 0; an answer has at least one token",
        ));
    }
    crate::bench::usage::raise_open_files();
    let config = NullConfig {
        port: args.port,
        tokens: null.tokens,
        ttft: Duration::from_millis(null.ttft_ms),
        itl: Duration::from_millis(null.itl_ms),
    };
    let server = serve_null(config).await.map_err(|e| taken(args, &e))?;
    eprintln!(
        "serving {} tokens an answer at http://{}/v1 (Ctrl-C ends)",
        null.tokens,
        server.addr()
    );
    ended(args).await;
    Ok(())
}

/// Waits for the interrupt key, or for the end of standard input where that is asked for.
async fn ended(args: &MockArgs) {
    let eof = tokio::task::spawn_blocking({
        let wanted = args.null.until_eof;
        move || wanted.then(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
    });
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        Ok(Some(_)) = eof => {}
    }
}

fn taken(args: &MockArgs, error: &std::io::Error) -> Failure {
    Failure::config(format!("cannot listen on 127.0.0.1:{}: {error}", args.port))
        .with_hint("choose another --port; 0 picks a free one")
}
