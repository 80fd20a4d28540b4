//! The `weighbridge` binary: reads the command line, runs one command, maps its end to an exit code.

mod args;
mod bench;
mod change;
mod ci;
mod commands;
mod config;
mod failure;
mod forecast;
mod hit_costs;
mod live;
mod log_text;
mod outputs;
mod panics;
mod plan;
mod progress;
mod replay;

use std::process::ExitCode;

use clap::Parser;
use weighbridge_record::Exit;

use crate::args::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    panics::install();
    let outcome = std::panic::catch_unwind(|| dispatch(cli.command));
    let exit = match outcome {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            eprintln!("{}", log_text::talk(&format!("error: {failure}")));
            failure.exit()
        }
        Err(_) => {
            eprintln!("error: this is a bug in weighbridge; finished trials are on disk");
            Exit::Internal
        }
    };
    ExitCode::from(exit.code())
}

/// Help and version are no errors; everything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    let exit = if error.use_stderr() {
        Exit::Config
    } else {
        Exit::Pass
    };
    // Printing can only fail when nobody listens.
    let _ = error.print();
    ExitCode::from(exit.code())
}

fn dispatch(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => commands::run::run(&args),
        Command::Plan(args) => commands::plan::plan(&args),
        Command::Report(args) => commands::report::report(&args),
        Command::Compare(args) => commands::compare::compare(&args),
        Command::Gate(args) => commands::gate::gate(&args),
        Command::Import(args) => commands::import::import(&args),
        Command::Data(args) => commands::data::data(&args),
        Command::Slices(args) => commands::slices::slices(&args),
        Command::Mock(args) => commands::mock::mock(&args),
        Command::Bench(args) => commands::bench::bench(&args),
        Command::Doctor(args) => commands::doctor::doctor(&args),
        Command::Init(args) => commands::init::init(&args),
        #[cfg(feature = "kernels")]
        Command::Kernels(args) => commands::kernels::kernels(&args),
        #[cfg(feature = "schema")]
        Command::Schema(args) => commands::schema::schema(args.of),
    }
}
