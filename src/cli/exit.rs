//! Exit codes, which scripts rely on.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All that was asked is done, and the gate, where there is one, is passed.
    Done = 0,
    /// The gate failed.
    GateFailed = 1,
    /// Wrong usage or input; one clear error was printed.
    Wrong = 2,
    /// The scan could not observe enough to say.
    NotObserved = 3,
}

impl Exit {
    /// Every code, in order, with what it means.
    pub const MEANINGS: [(Self, &'static str); 4] = [
        (
            Self::Done,
            "All that was asked is done. Where there is a gate, it passed: nothing that counts fails or is open.",
        ),
        (
            Self::GateFailed,
            "The gate failed: something that must be met fails, or, against an earlier result, is new or worse.",
        ),
        (
            Self::Wrong,
            "Wrong usage or input, told in one clear error. Nothing was judged.",
        ),
        (
            Self::NotObserved,
            "Not enough could be observed to say. A target that cannot be reached is never 0.",
        ),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what was asked. Ends in [`Exit::Wrong`].
#[derive(Debug)]
pub enum Trouble {
    /// One clear sentence, possibly with parts of the user's input in it.
    Plain(String),
    /// Faults in files of the user, rendered for a terminal and already cleaned.
    Rendered(String),
}

impl From<String> for Trouble {
    fn from(message: String) -> Self {
        Self::Plain(message)
    }
}

impl From<&str> for Trouble {
    fn from(message: &str) -> Self {
        Self::Plain(message.to_owned())
    }
}
