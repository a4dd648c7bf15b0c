//! A check's logic, compiled.

use serde_json::Value;
use std::collections::BTreeMap;

use super::{Context, Defect, FactSchema, ParamType, RuleError, SubjectOutcome};
use crate::model::{
    check::Logic,
    level::{Area, Level},
};

/// A check's logic, compiled: typed, bounded, and ready to judge.
#[derive(Clone, Debug)]
pub struct Program {
    facts: Vec<FactUse>,
    canonical: Value,
}

/// A fact that a check reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactUse {
    /// Its path, as `tls.endpoints[].versions[].name`.
    pub path: String,
    /// The probe that sees it; none for what the inventory says.
    pub area: Option<Area>,
    /// How far a scan must go to see it.
    pub level: Level,
}

impl Program {
    /// Compiles and lints the logic of a check, its parameters' types and the
    /// expressions in its message.
    ///
    /// # Errors
    /// Every fault found, in the order of the parts.
    pub fn compile(
        _logic: &Logic,
        _params: &BTreeMap<String, ParamType>,
        _message: &str,
        _schema: &FactSchema,
    ) -> Result<Self, Vec<RuleError>> {
        Ok(Self {
            facts: Vec::new(),
            canonical: Value::Null,
        })
    }

    /// The facts that the check reads, sorted by path.
    pub fn facts(&self) -> &[FactUse] {
        &self.facts
    }

    /// The logic in a form that depends on nothing but its meaning: white
    /// space, comments, the names of bound variables and of `let` leave no
    /// trace. With the versions of the functions and the names of the tables
    /// it uses. For digests.
    pub fn canonical(&self) -> &Value {
        &self.canonical
    }

    /// Judges every subject of an observation. No subject, no outcome: the
    /// check does not apply.
    ///
    /// # Errors
    /// A defect of the check, or facts that are not of the schema's types.
    pub fn judge(&self, _context: &Context<'_>) -> Result<Vec<SubjectOutcome>, Defect> {
        Ok(Vec::new())
    }
}
