//! `weighbridge mock`: the embedded fleet on a loopback port.

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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::invalid(format!("cannot start the runtime: {e}")))?;
    runtime.block_on(async {
        let config = FleetConfig {
            port: args.port,
            speed: args.speed,
            ..FleetConfig::default()
        };
        let fleet = serve(config).await.map_err(|e| {
            Failure::config(format!("cannot listen on 127.0.0.1:{}: {e}", args.port))
                .with_hint("choose another --port; 0 picks a free one")
        })?;
        let names: Vec<_> = builtin_tiers().iter().map(|t| t.name.to_string()).collect();
        eprintln!(
            "serving {} at http://{}/v1 (Ctrl-C ends)",
            names.join(", "),
            fleet.addr()
        );
        let _ = tokio::signal::ctrl_c().await;
        fleet.shutdown().await;
        Ok(Exit::Pass)
    })
}
