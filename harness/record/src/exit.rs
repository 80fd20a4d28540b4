//! Exit codes: documented, tested and never reused.

/// How a command ended, as a process exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The change may go live, or the command did what it was asked.
    Pass = 0,
    /// The change is blocked: a regression is shown.
    Block = 1,
    /// The data cannot decide; the report says what would.
    Inconclusive = 2,
    /// Wrong usage or configuration; nothing was spent.
    Config = 3,
    /// The run is not valid: infrastructure, coverage or data.
    Invalid = 4,
    /// A budget was reached; everything done so far is kept and resumes.
    Budget = 5,
    /// A bug of ours.
    Internal = 70,
    /// Interrupted by the user; the run resumes.
    Interrupted = 130,
}

impl Exit {
    /// Every code with its one-line meaning, for the help text and the documentation.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Pass, "pass, or the command did what it was asked"),
        (Self::Block, "block: a regression is shown"),
        (Self::Inconclusive, "inconclusive: the data cannot decide"),
        (
            Self::Config,
            "usage or configuration error; nothing was spent",
        ),
        (
            Self::Invalid,
            "invalid run: infrastructure, coverage or data",
        ),
        (
            Self::Budget,
            "budget reached; everything done so far is kept",
        ),
        (Self::Internal, "internal error"),
        (Self::Interrupted, "interrupted; the run resumes"),
    ];

    /// The number given to the operating system.
    pub fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_documented_ones_and_never_reused() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 70, 130]);
    }
}
