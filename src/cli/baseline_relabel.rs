//! `scrutineer baseline relabel`: the same cells under another label.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    signed,
};
use crate::baseline::{
    document::{Baseline, Statement},
    envelope::{Envelope, MOST_BYTES},
    kind::DocumentKind,
    refusal::Refusal,
    relabel::{relabel, same_cells},
    statement,
};
use crate::model::tlp::Tlp;
use crate::store::atomic::{self, Mode};

/// Write your own document again under another label, with the same cells. Then sign it
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer baseline relabel office-a.2026H2.dsse.json --label green \\\n      --reason 'agreed by the board in May'\n  \
scrutineer baseline sign office-a.2026H2.green.baseline.json --key office.key\n  \
scrutineer roster accept roster-6.dsse.json \\\n      office-a.2026H2.green.baseline.dsse.json \\\n      --replaced office-a.2026H2.dsse.json\n\n\
Only the source lowers its label. Whoever has read the document under its old label goes by the new one.")]
pub struct RelabelArgs {
    /// Your document, signed or not.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The new label.
    #[arg(long, value_enum)]
    pub label: LabelArg,
    /// Why. The reason is part of the document.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// When the document is said to be made. Default: now.
    #[arg(long, value_name = "TIME")]
    pub created: Option<Timestamp>,
    /// Write the document here. Default: PARTICIPANT.PERIOD.LABEL.baseline.json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Labels that a document may leave with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LabelArg {
    /// TLP:CLEAR, everybody.
    Clear,
    /// TLP:GREEN, the community.
    Green,
    /// TLP:AMBER, the participants.
    Amber,
}

impl From<LabelArg> for Tlp {
    fn from(label: LabelArg) -> Self {
        match label {
            LabelArg::Clear => Self::Clear,
            LabelArg::Green => Self::Green,
            LabelArg::Amber => Self::Amber,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When arguments or the document are wrong, or the file is there already.
pub fn run(args: &RelabelArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let old = read(&args.file)?.map_err(|refusal| format!("{}: {refusal}", args.file.display()))?;
    let created = args.created.unwrap_or_else(Timestamp::now);
    let label = Tlp::from(args.label);
    let new = relabel(&old, label, &args.reason, created)
        .map_err(|refused| format!("{}: {refused}", args.file.display()))?;
    let document = &new.predicate;
    let path = args.output.clone().unwrap_or_else(|| {
        let label = args.label.to_possible_value();
        PathBuf::from(format!(
            "{}.{}.{}.baseline.json",
            document.participant,
            document.period,
            label.as_ref().map_or("", |label| label.get_name())
        ))
    });
    atomic::create(&path, &new.to_bytes(), Mode::Usual).map_err(|error| error.to_string())?;
    console.note(format!(
        "{}: {} cells, {label}, was {}, digest {}; not signed yet",
        path.display(),
        document.cells.len(),
        old.predicate.label,
        new.digest()
    ));
    Ok(Exit::Done)
}

/// Reads a baseline, in an envelope or bare. Its signatures are not looked at.
///
/// # Errors
/// When the file cannot be read; the inner result says why it is no baseline.
pub(super) fn read(path: &Path) -> Result<Result<Statement<Baseline>, Refusal>, Trouble> {
    let bytes = signed::read(path, MOST_BYTES)?;
    let payload = Envelope::read(&bytes).map_or(bytes, |envelope| envelope.payload);
    let read = statement::read::<Baseline>(&payload, DocumentKind::Baseline);
    Ok(read.and_then(|statement| {
        let checked = statement.check();
        checked.map_err(|wrong| Refusal::Content(wrong.to_string()))?;
        Ok(statement)
    }))
}

/// Holds a document with a lower label against the one that it takes the place of,
/// which must be among the files.
///
/// # Errors
/// When a file cannot be read; the inner result says why the label does not hold.
pub(super) fn proven(
    new: &Statement<Baseline>,
    replaced: &[PathBuf],
) -> Result<Result<(), Refusal>, Trouble> {
    if new.predicate.label >= Tlp::Amber {
        return Ok(Ok(()));
    }
    for path in replaced {
        let old = match read(path)? {
            Ok(old) => old,
            Err(refusal) => return Err(format!("{}: {refusal}", path.display()).into()),
        };
        if Some(old.digest()) == new.predicate.replaces {
            return Ok(same_cells(&old, new));
        }
    }
    Ok(Err(Refusal::LabelUnproven))
}
