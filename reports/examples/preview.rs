//! Writes the report of the test fixture, to look at: `cargo run --example preview -- report.html`.

#[path = "../tests/render_report/fixture/mod.rs"]
mod fixture;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: preview REPORT.html [large]")?;
    let report = match std::env::args().nth(2).as_deref() {
        Some("large") => fixture::large(),
        _ => fixture::report(),
    };
    std::fs::write(&path, weighbridge_reports::render::html(&report)?)?;
    Ok(())
}
