//! `scrutineer baseline sign`: puts a document into an envelope and signs it.

use clap::Args;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    signed::{self, Refused},
    signing::{self, SignerArgs},
    state::StateArgs,
};
use crate::baseline::{
    document::{Aggregate, Baseline, Predicate, Statement, payload_digest},
    envelope::{self, Envelope, MOST_BYTES},
    key::PublicKey,
    kind::DocumentKind,
    ledger::Cut,
    refusal::Refusal,
    statement,
};
use crate::store::atomic::{self, Mode};

/// Sign a document that `create` or `aggregate` wrote
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer baseline sign office-a.2026H2.baseline.json --key office.key\n  \
ssh-keygen -Y sign -n scrutineer-baseline@v1 -f id_ed25519_sk \\\n      office-a.2026H2.baseline.json\n  \
scrutineer baseline sign office-a.2026H2.baseline.json \\\n      --ssh-signature office-a.2026H2.baseline.json.sig\n\n\
The document is signed as it is, byte for byte. Signing writes a DSSE envelope (.dsse.json).")]
pub struct SignArgs {
    /// The document, or an envelope that gets another signature.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write an SSH signature (FILE.sig, as ssh-keygen does) and no envelope.
    #[arg(long, requires = "key", conflicts_with = "output")]
    pub ssh: bool,
    /// Write the envelope here. Default: FILE with .dsse.json in place of .json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub signer: SignerArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When files, keys or the document cannot be used.
pub fn run(args: &SignArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match sign(args, console)? {
        Ok(()) => Ok(Exit::Done),
        Err(refusal) => Ok(Refused::new(&args.file, refusal).tell(console)),
    }
}

fn sign(args: &SignArgs, console: &mut Console) -> Result<Result<(), Refusal>, Trouble> {
    let bytes = signed::read(&args.file, MOST_BYTES)?;
    // An envelope and a Statement have no key in common.
    let mut envelope = match Envelope::read(&bytes) {
        Ok(envelope) => envelope,
        Err(_) => Envelope::unsigned(bytes),
    };
    let document = match document(&envelope.payload) {
        Ok(document) => document,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if args.ssh {
        let key = match args.signer.open(document.simulated)? {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal)),
        };
        remember(args, &document)?;
        let text = envelope::armored(&key.signing, document.kind, &envelope.payload)
            .map_err(|refusal| refusal.to_string())?;
        let path = signing::with_suffix(&args.file, ".sig");
        atomic::create(&path, text.as_bytes(), Mode::Usual).map_err(|error| error.to_string())?;
        told(&path, &document, &key.public, console);
        return Ok(Ok(()));
    }
    let added = args
        .signer
        .add(&mut envelope, document.kind, document.simulated)?;
    match added {
        Ok(key) => finish(args, &envelope, &document, &key, console).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

fn finish(
    args: &SignArgs,
    envelope: &Envelope,
    document: &Document,
    key: &PublicKey,
    console: &mut Console,
) -> Result<(), Trouble> {
    remember(args, document)?;
    let path = signing::write(envelope, &args.file, args.output.as_ref())?;
    told(&path, document, key, console);
    Ok(())
}

fn told(path: &Path, document: &Document, key: &PublicKey, console: &mut Console) {
    console.note(format!(
        "{}: {} {} signed by {}",
        path.display(),
        document.kind,
        document.digest,
        key.fingerprint()
    ));
}

/// What signing must know of a document.
struct Document {
    kind: DocumentKind,
    digest: String,
    simulated: bool,
    cut: Option<Cut>,
}

/// Holds a document against the rules of its kind before it is signed.
fn document(payload: &[u8]) -> Result<Document, Refusal> {
    let digest = payload_digest(payload);
    let kind = statement::kind_of(payload)?;
    let (simulated, cut) = match kind {
        DocumentKind::Baseline => {
            let baseline = checked::<Baseline>(payload, kind)?;
            let cut = Cut {
                exchange: baseline.exchange,
                participant: baseline.participant,
                period: baseline.period,
                payload: digest.clone(),
                created: baseline.created,
                replaces: baseline.replaces,
            };
            (baseline.simulated, Some(cut))
        }
        DocumentKind::Aggregate => (checked::<Aggregate>(payload, kind)?.simulated, None),
        other => {
            return Err(Refusal::Content(format!(
                "it is a {other}, which has its own command"
            )));
        }
    };
    Ok(Document {
        kind,
        digest,
        simulated,
        cut,
    })
}

fn checked<P: Predicate + DeserializeOwned>(
    payload: &[u8],
    kind: DocumentKind,
) -> Result<P, Refusal> {
    let statement: Statement<P> = statement::read(payload, kind)?;
    statement
        .check()
        .map_err(|wrong| Refusal::Content(wrong.to_string()))?;
    Ok(statement.predicate)
}

/// Remembers what was signed for a period, and refuses another document for it.
fn remember(args: &SignArgs, document: &Document) -> Result<(), Trouble> {
    let Some(cut) = &document.cut else {
        return Ok(());
    };
    let state = args.state.open()?;
    let mut ledger = state.ledger()?;
    let newest = ledger.find(&cut.exchange, &cut.participant, &cut.period);
    if let Some(newest) = newest
        && newest.payload != cut.payload
        && cut.replaces.as_ref() != Some(&newest.payload)
    {
        return Err(format!(
            "{}: second document for period {}: the ledger knows {}; a correction must name it in `replaces`",
            args.file.display(),
            cut.period,
            newest.payload
        )
        .into());
    }
    ledger.record(cut.clone());
    state.keep_ledger(&ledger)
}
