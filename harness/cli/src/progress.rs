//! A progress bar on a terminal; nothing anywhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Progress of a live run.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of this many trials, of which some are done already.
    pub(crate) fn new(total: u64, done: u64) -> Self {
        // Draws on standard error, and only when that is a terminal.
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = "{bar:30} {pos}/{len} trials  {elapsed} elapsed, {eta} to go  {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_position(done);
        bar.reset_eta();
        Self { bar }
    }

    /// One more trial is done; the spend so far is shown.
    pub(crate) fn tick(&self, spent_usd: f64) {
        self.bar.inc(1);
        self.bar.set_message(format!("${spent_usd:.4} spent"));
    }

    /// A message above the bar.
    pub(crate) fn say(&self, message: &str) {
        if self.bar.is_hidden() {
            eprintln!("{message}");
        } else {
            self.bar.println(message);
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
