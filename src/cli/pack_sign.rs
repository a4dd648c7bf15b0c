//! `scrutineer pack sign`: a steward vouches for a pack.

use clap::Args;
use std::path::PathBuf;

use super::{
    console::Console,
    content,
    exit::{Exit, Trouble},
    signed::{self, Refused},
    signing::{self, SignerArgs},
};
use crate::baseline::{
    envelope::{Envelope, MOST_BYTES},
    kind::DocumentKind,
    refusal::Refusal,
};

/// Sign a pack as a steward: 2 of the 3 root keys must. Read `pack show` and `pack diff` first
#[derive(Args, Debug)]
#[command(after_help = "Examples, the last with a security key:\n  \
scrutineer pack sign north-sea-2026.2.pack.json --key a.key\n  \
ssh-keygen -Y sign -n scrutineer-pack@v1 \\\n      -f id_ed25519_sk north-sea-2026.2.pack.json\n  \
scrutineer pack sign north-sea-2026.2.pack.json \\\n      --ssh-signature north-sea-2026.2.pack.json.sig\n\n\
The first signature writes an envelope (.dsse.json); the second is added to it.")]
pub struct SignArgs {
    /// The pack, or an envelope that gets another signature.
    #[arg(value_name = "PACK")]
    pub pack: PathBuf,
    /// Write the envelope here. Default: PACK with .dsse.json in place of .json
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub signer: SignerArgs,
}

/// Runs the command.
///
/// # Errors
/// When files or keys cannot be used, or the pack does not hold what it says.
pub fn run(args: &SignArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let opened = content::open_pack(&args.pack, console)?;
    // Nobody vouches for what this program reads otherwise.
    opened.exact().map_err(|faults| console.faults(&faults))?;
    let refused =
        |refusal, console: &mut Console| Ok(Refused::new(&args.pack, refusal).tell(console));
    let bytes = signed::read(&args.pack, MOST_BYTES)?;
    let mut envelope = match Envelope::read(&bytes) {
        Ok(envelope) => envelope,
        Err(_) => {
            let payload = opened
                .pack
                .payload()
                .map_err(|refusal| refusal.to_string())?;
            Envelope::unsigned(payload)
        }
    };
    if opened.pack.exchange.is_none() {
        return refused(Refusal::NoExchange, console);
    }
    let simulated = opened.pack.simulated;
    let key = match args
        .signer
        .add(&mut envelope, DocumentKind::Pack, simulated)?
    {
        Ok(key) => key,
        Err(refusal) => return refused(refusal, console),
    };
    let path = signing::write(&envelope, &args.pack, args.output.as_ref())?;
    console.note(format!(
        "{}: pack {} {}, file digest {}, signed by {}",
        path.display(),
        opened.pack.name,
        opened.pack.version,
        opened.file,
        key.fingerprint()
    ));
    Ok(Exit::Done)
}
