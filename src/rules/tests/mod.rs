//! Tests of the check language as a whole.

mod cases;
mod hostile;
mod lint;
mod oracle;
mod sketch;
