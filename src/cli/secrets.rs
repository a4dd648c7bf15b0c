//! Private keys and the passphrases that open them.

use clap::Args;
use std::{
    fs::File,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

use super::exit::Trouble;
use crate::baseline::secret::{self, MOST_BYTES, SecretKey};

/// Longest passphrase, in bytes.
const LONGEST_PASSPHRASE: u64 = 4096;

/// Where a passphrase comes from.
#[derive(Args, Clone, Debug, Default)]
pub struct PassphraseArgs {
    /// Read the passphrase from the first line of this file, such as /dev/fd/3. Default: ask on the terminal.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// The passphrase for a new key, asked twice.
    ///
    /// # Errors
    /// When it cannot be read, or two different ones are typed.
    pub fn new_passphrase(&self) -> Result<Zeroizing<String>, Trouble> {
        if let Some(path) = &self.passphrase_file {
            return from_file(path);
        }
        let first = ask("Passphrase for the new key: ")?;
        match *first == *ask("The same again: ")? {
            true => Ok(first),
            false => Err("the two passphrases differ".into()),
        }
    }

    /// Opens a private key, and asks for its passphrase if it has one.
    ///
    /// # Errors
    /// When the file is no Ed25519 key, others may read it, or the passphrase does not open it.
    pub fn open_key(&self, path: &Path) -> Result<SecretKey, Trouble> {
        let of_key = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut file = File::open(path).map_err(|error| of_key(&error))?;
        only_mine(&file).map_err(|error| of_key(&error))?;
        let mut text = Zeroizing::new(String::with_capacity(MOST_BYTES + 1));
        (&mut file)
            .take(MOST_BYTES as u64 + 1)
            .read_to_string(&mut text)
            .map_err(|_| of_key(&secret::SecretFault::NotAKey))?;
        if text.len() > MOST_BYTES {
            return Err(of_key(&secret::SecretFault::NotAKey).into());
        }
        let passphrase = match secret::is_encrypted(&text).map_err(|error| of_key(&error))? {
            false => None,
            true => Some(match &self.passphrase_file {
                Some(path) => from_file(path)?,
                None => ask(&format!("Passphrase for {}: ", path.display()))?,
            }),
        };
        let passphrase = passphrase.as_ref().map(|text| text.as_str());
        secret::open(&text, passphrase).map_err(|error| of_key(&error).into())
    }
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, Trouble> {
    let of_file = |what: &str| Trouble::Plain(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|error| of_file(&error.to_string()))?;
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_PASSPHRASE as usize + 1));
    file.take(LONGEST_PASSPHRASE + 1)
        .read_to_string(&mut text)
        .map_err(|_| of_file("it is not text"))?;
    if text.len() as u64 > LONGEST_PASSPHRASE {
        return Err(of_file("the passphrase is longer than 4096 bytes"));
    }
    let line = text.lines().next().unwrap_or_default();
    match line.is_empty() {
        true => Err(of_file("its first line, the passphrase, is empty")),
        false => Ok(Zeroizing::new(line.to_owned())),
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Trouble> {
    if !std::io::stdin().is_terminal() {
        return Err(
            "there is no terminal to ask for the passphrase: give --passphrase-file FILE".into(),
        );
    }
    let prompt = crate::wire::text::clean(prompt, 300);
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| format!("the passphrase cannot be read: {error}").into())
}

/// As ssh does: a private key that others may read is not used.
#[cfg(unix)]
fn only_mine(file: &File) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    match metadata.mode() & 0o077 {
        0 => Ok(()),
        _ => Err("others may read this private key: `chmod 600` it first".to_owned()),
    }
}

#[cfg(not(unix))]
fn only_mine(_: &File) -> Result<(), String> {
    Ok(())
}
