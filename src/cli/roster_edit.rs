//! `scrutineer roster init`, `add`, `revoke`, `accept` and `withdraw`: each
//! drafts a version, which is then signed.

use clap::Args;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    baseline_relabel,
    console::Console,
    exit::{Exit, Trouble},
    keys::public_key,
    signed::{self, Refused},
};
use crate::baseline::{
    envelope::Envelope,
    exchange::Exchange,
    key::PublicKey,
    kind::DocumentKind,
    names,
    refusal::Refusal,
    roster::{Root, Roster},
    trust::enough,
    verify::{self, Reader},
};
use crate::content::exchange_file;
use crate::store::atomic::{self, Mode};
use jiff::Timestamp;

/// Where a draft goes, and the time it is made at.
#[derive(Args, Clone, Debug, Default)]
pub struct DraftArgs {
    /// Write the draft here. Default: an unsigned draft stays in its file; after a signed version,
    /// roster-N.dsse.json beside it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When the draft is said to be made: 2026-11-02T09:00:00Z. Default: now
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
}

/// Draft the first version
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer roster init --exchange exchange.yaml \\\n      --root a.pub='Office A' --root b.pub='Office B' --root c.pub='Office C'")]
pub struct InitArgs {
    /// What participants agreed on.
    #[arg(long, value_name = "FILE")]
    pub exchange: PathBuf,
    /// A root key and whose it is. Three of them, of different organisations where possible.
    #[arg(long, value_name = "KEY.pub=ORGANISATION", required = true)]
    pub root: Vec<String>,
    #[command(flatten)]
    pub draft: DraftArgs,
}

/// Add a participant or a key of one, replace a root key, or take over a changed calendar
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer roster add roster-1.dsse.json \\\n      --participant office-a --name 'Office A' --key office-a.pub\n\n\
A further key of a participant needs the signature of one that it had (`roster sign` with it),\n\
or --recovered, which every reader sees.")]
pub struct AddArgs {
    /// The roster.
    #[arg(value_name = "ROSTER")]
    pub roster: PathBuf,
    /// Id of the participant.
    #[arg(long, value_name = "ID", requires = "key", required_unless_present_any = ["root", "exchange"])]
    pub participant: Option<String>,
    /// Its name; needed for a new one.
    #[arg(long, value_name = "TEXT", requires = "participant")]
    pub name: Option<String>,
    /// Its public key.
    #[arg(long, value_name = "KEY.pub", requires = "participant")]
    pub key: Option<PathBuf>,
    /// The stewards give the key in the place of a lost one, and answer for it.
    #[arg(long, requires = "participant")]
    pub recovered: bool,
    /// A new root key and whose it is.
    #[arg(long, value_name = "KEY.pub=ORGANISATION", requires = "instead_of")]
    pub root: Option<String>,
    /// Fingerprint of the root key that it takes the place of.
    #[arg(long, value_name = "SHA256:...", requires = "root")]
    pub instead_of: Option<String>,
    /// What participants agreed on since: a changed calendar, audience or title.
    #[arg(long, value_name = "FILE")]
    pub exchange: Option<PathBuf>,
    #[command(flatten)]
    pub draft: DraftArgs,
}

/// End a key of a participant. What it signed and the roster lists stays valid as history
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer roster revoke roster-5.dsse.json SHA256:... \\\n      --reason 'the laptop was stolen'")]
pub struct RevokeArgs {
    /// The roster.
    #[arg(value_name = "ROSTER")]
    pub roster: PathBuf,
    /// Fingerprint of the key.
    #[arg(value_name = "SHA256:...")]
    pub key: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub draft: DraftArgs,
}

/// List signed documents, so that they count. Each is verified first
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer roster accept roster-5.dsse.json 2026H2/*.dsse.json\n  \
scrutineer roster accept roster-5.dsse.json --aggregate sums.2026H2.dsse.json")]
pub struct AcceptArgs {
    /// The roster.
    #[arg(value_name = "ROSTER")]
    pub roster: PathBuf,
    /// The envelopes.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// They are aggregates, not baselines.
    #[arg(long)]
    pub aggregate: bool,
    /// What a document with a label below TLP:AMBER takes the place of: it must have the same
    /// cells. May be repeated.
    #[arg(long, value_name = "FILE", conflicts_with = "aggregate")]
    pub replaced: Vec<PathBuf>,
    /// FILE is a bare document, and this its signature by `ssh-keygen -Y sign`.
    #[arg(long, value_name = "FILE")]
    pub ssh_signature: Option<PathBuf>,
    /// Who reads: your id, as audiences name it.
    #[arg(long = "as", value_name = "ID")]
    pub reader: Option<String>,
    #[command(flatten)]
    pub draft: DraftArgs,
}

/// Withdraw a listed document, or a broken entry of the profile
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer roster withdraw roster-5.dsse.json DIGEST --reason 'wrong window'")]
pub struct WithdrawArgs {
    /// The roster.
    #[arg(value_name = "ROSTER")]
    pub roster: PathBuf,
    /// Digest of the document's payload, or of the entry.
    #[arg(value_name = "SHA256")]
    pub digest: String,
    /// It is an entry of the profile. Its cells are compared no more.
    #[arg(long)]
    pub entry: bool,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub draft: DraftArgs,
}

/// Drafts the first version.
///
/// # Errors
/// When arguments or files are wrong.
pub fn init(args: &InitArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let exchange = exchange(&args.exchange, console)?;
    let roots: Result<Vec<Root>, Trouble> = args.root.iter().map(|text| root(text)).collect();
    let roots = roots?;
    let organisations: BTreeSet<&String> = roots.iter().map(|root| &root.organisation).collect();
    if organisations.len() < roots.len() {
        console.note("one organisation holds more than one root key: it could sign alone");
    }
    let now = args.draft.at.unwrap_or_else(Timestamp::now);
    match Roster::found(exchange, roots, now) {
        Ok(roster) => {
            let path = args.draft.output.clone();
            let path = path.unwrap_or_else(|| PathBuf::from(file_name(&roster)));
            write(&roster, &path, false, console)
        }
        Err(refusal) => Err(refusal.to_string().into()),
    }
}

/// Adds to a draft.
///
/// # Errors
/// When arguments or files are wrong.
pub fn add(args: &AddArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let agreed = match &args.exchange {
        Some(path) => Some(exchange(path, console)?),
        None => None,
    };
    let new_root = args.root.as_deref().map(root).transpose()?;
    let key = args.key.as_deref().map(public_key).transpose()?;
    if let Some(id) = args.participant.as_ref().filter(|id| !names::is_id(id)) {
        return Err(format!("--participant {id:?} is not an id").into());
    }
    edit(&args.roster, &args.draft, console, |roster| {
        if let Some(exchange) = agreed {
            roster.agree(exchange)?;
        }
        if let (Some(new), Some(old)) = (new_root, &args.instead_of) {
            roster.replace_root(old, new)?;
        }
        if let (Some(id), Some(key)) = (&args.participant, key) {
            roster.add_key(id, args.name.as_deref(), key, args.recovered)?;
        }
        Ok(())
    })
}

/// Ends a key.
///
/// # Errors
/// When arguments or files are wrong.
pub fn revoke(args: &RevokeArgs, console: &mut Console) -> Result<Exit, Trouble> {
    edit(&args.roster, &args.draft, console, |roster| {
        roster.end_key(&args.key, &args.reason).map(drop)
    })
}

/// Withdraws a document or an entry.
///
/// # Errors
/// When arguments or files are wrong.
pub fn withdraw(args: &WithdrawArgs, console: &mut Console) -> Result<Exit, Trouble> {
    edit(&args.roster, &args.draft, console, |roster| {
        match args.entry {
            true => roster.withdraw_entry(&args.digest, &args.reason),
            false => roster.withdraw(&args.digest, &args.reason),
        }
    })
}

/// Lists documents that obey every rule. One that does not leaves the roster as it is.
///
/// # Errors
/// When arguments or files are wrong.
pub fn accept(args: &AcceptArgs, console: &mut Console) -> Result<Exit, Trouble> {
    if args.ssh_signature.is_some() && args.files.len() > 1 {
        return Err("--ssh-signature goes with one FILE".into());
    }
    let kind = match args.aggregate {
        true => DocumentKind::Aggregate,
        false => DocumentKind::Baseline,
    };
    let (mut roster, drafted) = match open(&args.roster, &args.draft)? {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Refused::new(&args.roster, refusal).tell(console)),
    };
    let seen = BTreeSet::new();
    let reader = Reader {
        id: args.reader.as_deref(),
        now: args.draft.at.unwrap_or_else(Timestamp::now),
        seen: &seen,
    };
    for path in &args.files {
        let envelope = signed::envelope(path, args.ssh_signature.as_deref(), kind)?;
        let listed = match args.aggregate {
            true => envelope
                .and_then(|envelope| verify::aggregate_candidate(&envelope, &roster, reader))
                .and_then(|verified| roster.accept(&verified, None)),
            false => {
                let verified =
                    envelope.and_then(|envelope| verify::candidate(&envelope, &roster, reader));
                match verified {
                    Ok(verified) => {
                        let proven = baseline_relabel::proven(&verified.statement, &args.replaced)?;
                        let participant = verified.statement.predicate.participant.clone();
                        proven.and_then(|()| roster.accept(&verified, Some(&participant)))
                    }
                    Err(refusal) => Err(refusal),
                }
            }
        };
        if let Err(refusal) = listed {
            return Ok(Refused::new(path, refusal).tell(console));
        }
    }
    finish(&roster, drafted, &args.roster, &args.draft, console)
}

fn edit(
    path: &Path,
    draft: &DraftArgs,
    console: &mut Console,
    change: impl FnOnce(&mut Roster) -> Result<(), Refusal>,
) -> Result<Exit, Trouble> {
    let (mut roster, drafted) = match open(path, draft)? {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Refused::new(path, refusal).tell(console)),
    };
    if let Err(refusal) = change(&mut roster) {
        return Ok(Refused::new(path, refusal).tell(console));
    }
    finish(&roster, drafted, path, draft, console)
}

/// The draft in a file, or a draft of the version after a signed one. Says which.
fn open(path: &Path, draft: &DraftArgs) -> Result<Result<(Roster, bool), Refusal>, Trouble> {
    let envelope = match signed::envelope(path, None, DocumentKind::Roster)? {
        Ok(envelope) => envelope,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let roster = match Roster::read(&envelope.payload) {
        Ok(roster) => roster,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if envelope.signatures.is_empty() {
        return Ok(Ok((roster, true)));
    }
    let keys: Vec<&PublicKey> = roster.roots.iter().map(|root| &root.key).collect();
    let signed = envelope
        .signers(DocumentKind::Roster, &keys)
        .and_then(|signers| enough(&signers, &roster, false));
    if signed.is_err() {
        return Err(format!(
            "{}: is signed in part, and a change would break these signatures: let it be signed by 2 of 3 first, or draft it anew",
            path.display()
        )
        .into());
    }
    let now = draft.at.unwrap_or_else(Timestamp::now);
    Ok(roster.next(now).map(|next| (next, false)))
}

fn finish(
    roster: &Roster,
    drafted: bool,
    path: &Path,
    draft: &DraftArgs,
    console: &mut Console,
) -> Result<Exit, Trouble> {
    let to = match (&draft.output, drafted) {
        (Some(to), _) => to.clone(),
        (None, true) => path.to_owned(),
        (None, false) => path.with_file_name(file_name(roster)),
    };
    let over = drafted && to == path;
    write(roster, &to, over, console)
}

fn write(roster: &Roster, path: &Path, over: bool, console: &mut Console) -> Result<Exit, Trouble> {
    let bytes = roster
        .payload()
        .and_then(|payload| Envelope::unsigned(payload).write())
        .map_err(|refusal| refusal.to_string())?;
    let written = match over {
        true => atomic::replace(path, &bytes, Mode::Usual),
        false => atomic::create(path, &bytes, Mode::Usual),
    };
    written.map_err(|error| error.to_string())?;
    console.note(format!(
        "{}: draft of version {} of exchange {}; not signed",
        path.display(),
        roster.version,
        roster.exchange.id
    ));
    Ok(Exit::Done)
}

fn file_name(roster: &Roster) -> String {
    format!("roster-{}.dsse.json", roster.version)
}

fn root(text: &str) -> Result<Root, Trouble> {
    let (path, organisation) = text
        .split_once('=')
        .ok_or_else(|| format!("--root {text:?}: write KEY.pub=ORGANISATION"))?;
    let key = public_key(Path::new(path))?;
    Ok(Root {
        simulated: key.is_simulated(),
        key,
        organisation: organisation.to_owned(),
    })
}

fn exchange(path: &Path, console: &mut Console) -> Result<Exchange, Trouble> {
    exchange_file::load(path).map_err(|faults| console.faults(&faults))
}
