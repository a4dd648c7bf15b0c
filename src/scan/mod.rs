//! Plans a scan and runs it: concurrency, deadlines, progress.

pub mod facts;
pub mod observe;
pub mod plan;
pub mod progress;
pub mod runner;
