//! The command line: one file a subcommand, no logic of its own.

pub mod console;
pub mod exit;
pub mod progress;
