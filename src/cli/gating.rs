//! Options of the gate that `scan`, `judge` and `gate` share.

use clap::Args;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::{collections::BTreeSet, path::PathBuf};

use super::{console::Console, exit::Trouble, result::SeverityArg, saved};
use crate::content::{
    Content,
    diagnostic::{Diagnostic, Diagnostics, did_you_mean},
    waivers::{self, KnownChecks},
};
use crate::judge::{ResolvedProfile, against::Earlier, gate::GateRules};
use crate::model::finding::Findings;

/// What makes the program exit with 1.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Gate")]
pub struct GateArgs {
    /// Exit with 1 when something that must be met fails, of this severity or above; with 3
    /// when that stays open, or a target could not be seen.
    #[arg(long, value_enum, default_value_t = SeverityArg::Low, value_name = "SEVERITY")]
    pub fail_on: SeverityArg,
    /// Let only what is new or worse than in this earlier result fail the gate: a run or a
    /// findings document. What cannot be compared counts as if there was none.
    #[arg(long, value_name = "PREVIOUS")]
    pub against: Option<PathBuf>,
    /// Never let findings of this check fail the gate. May be repeated.
    #[arg(long, value_name = "CHECK")]
    pub soft: Vec<String>,
    /// Waivers: findings that somebody accepts until a day, with a reason.
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// The day on which waivers hold or not. Default: today, in UTC.
    #[arg(long, value_name = "YYYY-MM-DD", requires = "waivers")]
    pub gate_date: Option<Date>,
}

impl GateArgs {
    /// Reads what the options name. `document` is a saved result that may know checks
    /// that are not at hand.
    ///
    /// # Errors
    /// Checks that there are not, and everything that is wrong with the waivers.
    pub fn rules(
        &self,
        content: &Content,
        document: Option<&Findings>,
        console: &Console,
    ) -> Result<GateRules, Trouble> {
        let known = known_checks(content, document);
        let mut problems = Diagnostics::default();
        for id in self.soft.iter().filter(|id| !known.contains_key(*id)) {
            problems.push(
                Diagnostic::placeless(format!("--soft: there is no check `{id}`")).maybe_help(
                    did_you_mean(id, known.keys().map(String::as_str))
                        .or_else(|| Some("`scrutineer checks list` shows all".to_owned())),
                ),
            );
        }
        if problems.has_errors() {
            return Err(console.faults(&problems));
        }
        let day = self.gate_date.unwrap_or_else(today);
        let waivers = match &self.waivers {
            None => None,
            Some(path) => {
                Some(waivers::load(path, &known, day).map_err(|faults| console.faults(&faults))?)
            }
        };
        Ok(GateRules {
            fail_on: self.fail_on.into(),
            soft: self.soft.iter().cloned().collect::<BTreeSet<_>>(),
            waivers: waivers.map(|waivers| (waivers, day)),
        })
    }

    /// The earlier result as each profile sees it, judged as the new one is.
    ///
    /// # Errors
    /// When it cannot be read, or a check has a defect.
    pub fn earlier(
        &self,
        profiles: &[ResolvedProfile],
        as_of: Date,
        console: &mut Console,
    ) -> Result<Vec<Earlier>, Trouble> {
        match &self.against {
            None => Ok(Vec::new()),
            Some(path) => saved::open(path)?.judged(profiles, Some(as_of), console),
        }
    }
}

/// The checks that may be named: those at hand, and those that a document was judged by.
fn known_checks(content: &Content, document: Option<&Findings>) -> KnownChecks {
    let at_hand = content.checks.iter();
    let mut known: KnownChecks = at_hand
        .map(|(id, check)| (id.clone(), check.check.severity))
        .collect();
    let Some(document) = document else {
        return known;
    };
    for row in &document.verdicts {
        known
            .entry(row.check.to_string())
            .or_insert(crate::model::check::Severity::Info);
    }
    for finding in &document.findings {
        known
            .entry(finding.check.to_string())
            .and_modify(|severity| *severity = (*severity).max(finding.severity));
    }
    known
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}
