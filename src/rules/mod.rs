//! The check language: CEL, linted against the observation's schema, evaluated
//! in three values.
//!
//! * [`FactSchema`] knows every fact: its type, its words, the probe and level
//!   behind it. It comes from the JSON Schema of the observation.
//! * [`Program::compile`] parses and lints the logic of a check. What it lets
//!   through is typed and bounded.
//! * [`Program::judge`] says pass, fail, inconclusive or not applicable for
//!   each subject, over borrowed data, with an exact limit on its steps.
//! * [`erosion`] takes facts away from an example one at a time, so that a test
//!   can see that no verdict turns.
//!
//! A fact that was not seen is unknown, and says which gaps hide it. `&&`, `||`,
//! `?:`, `in`, `all`, `exists` and the quantifiers decide as soon as what is
//! known decides. Everything else that goes wrong is a [`Defect`] of the check
//! and never a verdict.

mod document;
mod erosion;
mod error;
mod eval;
mod expr;
mod facts;
mod functions;
mod judge;
mod lower;
mod message;
mod outcome;
mod params;
mod parse;
mod path;
mod program;
mod schema;
#[cfg(test)]
mod tests;
mod value;

pub use document::Document;
pub use erosion::erosion;
pub use error::{Defect, Part, RuleError};
pub use outcome::{Context, ItemOutcome, SubjectOutcome};
pub use params::ParamType;
pub use program::{FactUse, Program};
pub use schema::FactSchema;
