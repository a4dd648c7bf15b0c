//! Saved results, as commands take them: runs and findings documents in any mix.

use jiff::civil::Date;
use std::path::{Path, PathBuf};

use super::{console::Console, exit::Trouble, result};
use crate::judge::{Dates, Observed, ResolvedProfile, Standing, TargetResult, against::Earlier};
use crate::model::{check::Severity, finding::Findings, marks::ResultKind};
use crate::scan::facts;
use crate::store::{self, RunEnd, RunReader};

/// A saved result.
pub enum Saved {
    /// A run, to be judged.
    Run(PathBuf),
    /// A findings document, taken at its word.
    Findings(PathBuf, Box<Findings>),
}

/// Opens a saved result; a run is only looked at.
///
/// # Errors
/// When it is neither a run nor a whole findings document.
pub fn open(path: &Path) -> Result<Saved, Trouble> {
    Ok(match store::kind_of(path).map_err(said)? {
        ResultKind::Run => Saved::Run(path.to_owned()),
        ResultKind::Findings => Saved::Findings(
            path.to_owned(),
            Box::new(store::read_findings(path).map_err(said)?),
        ),
    })
}

impl Saved {
    /// What the result says to each profile: a run is judged by them, a document speaks
    /// for itself. `as_of` is the policy date for a run; its own without one.
    ///
    /// # Errors
    /// When the run cannot be read, or a check has a defect.
    pub fn judged(
        self,
        profiles: &[ResolvedProfile],
        as_of: Option<Date>,
        console: &mut Console,
    ) -> Result<Vec<Earlier>, Trouble> {
        let (path, kind, documents) = match self {
            Self::Run(path) => {
                let reader = RunReader::open(&path, &facts::known()).map_err(said)?;
                let as_of = as_of.unwrap_or_else(|| result::day_of(reader.header()));
                let documents = judge_run(&path, reader, profiles, as_of, &mut |_, _| {}, console)?;
                (path, ResultKind::Run, documents)
            }
            Self::Findings(path, document) => {
                let documents = profiles.iter().map(|_| (*document).clone()).collect();
                (path, ResultKind::Findings, documents)
            }
        };
        let earlier = documents.into_iter().map(|document| Earlier {
            source: path.display().to_string(),
            kind,
            document,
        });
        Ok(earlier.collect())
    }
}

/// Judges the rest of a run under several profiles at once, and shows each result with
/// the number of its profile to `watch`.
///
/// # Errors
/// When the run cannot be read, or a check has a defect.
pub fn judge_run(
    path: &Path,
    mut reader: RunReader,
    profiles: &[ResolvedProfile],
    as_of: Date,
    watch: &mut dyn FnMut(usize, &TargetResult),
    console: &mut Console,
) -> Result<Vec<Findings>, Trouble> {
    let header = reader.header().clone();
    let dates = Dates { as_of };
    if let (Some(of_run), Some(profile)) = (&header.pack, profiles.first())
        && of_run.digest != profile.pack.digest
        && (of_run.name.is_some() || profile.pack.name.is_some())
    {
        console.note(format!(
            "{}: was scanned with the pack {of_run} (digest {}), and is judged with {} (digest {})",
            path.display(),
            of_run.digest,
            profile.pack,
            profile.pack.digest
        ));
    }
    let mut standings: Vec<Standing<'_>> = profiles
        .iter()
        .map(|profile| Standing::new(profile, &header, as_of))
        .collect();
    while let Some(observation) = reader.next_observation().map_err(said)? {
        let observed = Observed::from(observation);
        for (number, (profile, standing)) in profiles.iter().zip(&mut standings).enumerate() {
            let result = observed.judge(profile, &dates).map_err(said)?;
            watch(number, &result);
            standing.add(result);
        }
    }
    if let Some(RunEnd::Torn { line }) = reader.end() {
        console.note(format!(
            "{}:{line}: is cut off, as when a scan is killed; its target counts as not reached",
            path.display()
        ));
    }
    let judged = standings
        .into_iter()
        .map(|standing| standing.finish(Severity::Low));
    Ok(judged.collect())
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
