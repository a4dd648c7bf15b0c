//! Tests of the check language as a whole.

mod canonical;
mod cases;
mod hostile;
mod lint;
mod oracle;
mod sketch;
