//! Signatures on envelopes, for every kind of document.

use clap::Args;
use std::path::{Path, PathBuf};

use super::{exit::Trouble, secrets::PassphraseArgs, signed};
use crate::baseline::{
    envelope::Envelope, key::PublicKey, kind::DocumentKind, refusal::Refusal, secret::SecretKey,
};
use crate::store::atomic::{self, Mode};

/// Who signs.
#[derive(Args, Clone, Debug)]
pub struct SignerArgs {
    /// Sign with this private key.
    #[arg(long, value_name = "FILE", required_unless_present = "ssh_signature")]
    pub key: Option<PathBuf>,
    /// Take a signature that `ssh-keygen -Y sign` made over the document, for example with a
    /// security key.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub ssh_signature: Option<PathBuf>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

impl SignerArgs {
    /// Adds a signature. A key of a rehearsal signs what is simulated alone. The inner
    /// result says why the signature is refused.
    ///
    /// # Errors
    /// When a file or key cannot be used.
    pub fn add(
        &self,
        envelope: &mut Envelope,
        kind: DocumentKind,
        simulated: bool,
    ) -> Result<Result<PublicKey, Refusal>, Trouble> {
        if let Some(path) = &self.ssh_signature {
            return Ok(envelope.add_ssh(&signed::ssh_text(path)?, kind));
        }
        Ok(self.open(simulated)?.and_then(|key| {
            envelope.sign(&key.signing)?;
            Ok(key.public)
        }))
    }

    /// Opens the private key, unless it is of a rehearsal and the document is not.
    ///
    /// # Errors
    /// When none is given, or it cannot be used.
    pub fn open(&self, simulated: bool) -> Result<Result<SecretKey, Refusal>, Trouble> {
        let path = self.key.as_ref().ok_or("give --key or --ssh-signature")?;
        let key = self.passphrase.open_key(path)?;
        Ok(match key.public.is_simulated() && !simulated {
            true => Err(Refusal::Simulated(format!(
                "key {}",
                key.public.fingerprint()
            ))),
            false => Ok(key),
        })
    }
}

/// Writes an envelope: beside the file that was signed, in its place where that is an
/// envelope, or where `output` says. Returns where.
///
/// # Errors
/// When it cannot be written, or a file is there already.
pub fn write(
    envelope: &Envelope,
    file: &Path,
    output: Option<&PathBuf>,
) -> Result<PathBuf, Trouble> {
    let path = output.cloned().unwrap_or_else(|| enveloped(file));
    let bytes = envelope.write().map_err(|refusal| refusal.to_string())?;
    let written = match path == file {
        true => atomic::replace(&path, &bytes, Mode::Usual),
        false => atomic::create(&path, &bytes, Mode::Usual),
    };
    written.map_err(|error| error.to_string())?;
    Ok(path)
}

/// A path with more at its end.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// `x.dsse.json` for `x.json`; an envelope stays where it is.
fn enveloped(path: &Path) -> PathBuf {
    let name = path.to_string_lossy();
    if name.ends_with(".dsse.json") {
        return path.to_owned();
    }
    match path.extension() {
        Some(extension) if extension == "json" => path.with_extension("dsse.json"),
        _ => with_suffix(path, ".dsse.json"),
    }
}
