//! Runs benchmarks without the rest of Weighbridge: a small program to carry to a machine with a GPU.
//!
//! `measure [ID] [--full]` writes records to standard output.

use std::io::Write;
use std::process::ExitCode;

use weighbridge_kernels::bench::{Options, run};
use weighbridge_kernels::record::{Grid, write_line};

fn main() -> ExitCode {
    let mut options = Options::quick();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--full" => options.grid = Grid::Full,
            id => options.only = Some(id.to_owned()),
        }
    }
    let mut out = std::io::stdout().lock();
    let mut written = Ok(());
    let ran = run(&options, &mut |line| {
        if written.is_ok() {
            written = write_line(&mut out, &line).and_then(|()| out.flush());
        }
    });
    match (ran, written) {
        (Ok(()), Ok(())) => ExitCode::SUCCESS,
        (Err(error), _) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
        (_, Err(error)) => {
            eprintln!("error: cannot write records: {error}");
            ExitCode::from(3)
        }
    }
}
