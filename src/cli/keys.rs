//! `scrutineer keys`: makes and shows keys.

use clap::{Args, Subcommand};
use ssh_key::rand_core::OsRng;
use std::path::{Path, PathBuf};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    secrets::PassphraseArgs,
};
use crate::baseline::{
    key::{PublicKey, SIMULATED},
    secret,
};
use crate::store::atomic::{self, Mode};

/// Largest public key file, in bytes.
const MOST_BYTES: usize = 16 << 10;

/// Make and show signing keys: one OpenSSH Ed25519 key for documents, `ssh-keygen -Y` and age.
#[derive(Args, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand, Debug)]
enum KeysCommand {
    New(NewArgs),
    Show(ShowArgs),
}

/// Make a key: FILE, encrypted and readable for you alone, and FILE.pub.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer keys new office.key --comment office-a\n  \
scrutineer keys new office.key --passphrase-file /dev/fd/3 \\\n      3< <(pass show office)\n\n\
Keep a copy of the file where the machine is not. FILE.pub is what the stewards need.")]
struct NewArgs {
    /// Where the private key goes. It is never written over.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A word about whose key it is; it stands in both files.
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,
    /// Do not encrypt the private key. Whoever reads the file can sign as you.
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,
    /// Mark the key as made for a rehearsal: only the exchange `demo` takes it.
    #[arg(long)]
    simulated: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Show the fingerprint and the public line of a key.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
scrutineer keys show office.key\n  \
scrutineer keys show received.pub ")]
struct ShowArgs {
    /// A private key or its `.pub` file. A private key is not opened: its public half is not encrypted.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When files exist already or cannot be used.
pub fn run(args: &KeysArgs, console: &mut Console) -> Result<Exit, Trouble> {
    match &args.command {
        KeysCommand::New(args) => new(args, console),
        KeysCommand::Show(args) => show(&public_key(&args.file)?, console),
    }
}

fn new(args: &NewArgs, console: &mut Console) -> Result<Exit, Trouble> {
    if crate::wire::text::clean(&args.comment, 100) != args.comment {
        return Err("--comment must be one line of at most 100 printable characters".into());
    }
    let comment = match (args.simulated, args.comment.as_str()) {
        (false, comment) => comment.to_owned(),
        (true, comment) => format!("{SIMULATED} {comment}").trim_end().to_owned(),
    };
    let beside = with_pub(&args.file);
    // Before anybody types a passphrase. Writing checks again.
    for file in [&args.file, &beside] {
        if file.exists() {
            return Err(format!(
                "{}: exists already, and is not written over",
                file.display()
            )
            .into());
        }
    }
    let passphrase = match args.no_passphrase {
        true => None,
        false => Some(args.passphrase.new_passphrase()?),
    };
    let passphrase = passphrase.as_ref().map(|text| text.as_str());
    let (file, public) =
        secret::generate(&mut OsRng, &comment, passphrase).map_err(|fault| fault.to_string())?;
    atomic::create(&args.file, file.as_bytes(), Mode::Private).map_err(|e| e.to_string())?;
    let line = format!("{} {}", public.line(), public.comment());
    atomic::create(
        &beside,
        format!("{}\n", line.trim_end()).as_bytes(),
        Mode::Usual,
    )
    .map_err(|error| error.to_string())?;
    console.note(format!(
        "{}: private key, {}; {}: public key",
        args.file.display(),
        if args.no_passphrase {
            "NOT encrypted"
        } else {
            "encrypted"
        },
        beside.display()
    ));
    show(&public, console)
}

fn show(key: &PublicKey, console: &mut Console) -> Result<Exit, Trouble> {
    let line = format!("{} {}", key.line(), key.comment());
    console.print(&format!("{}\n{}\n", key.fingerprint(), line.trim_end()))?;
    Ok(Exit::Done)
}

/// The public key in a `.pub` file, or the public half of a private key file.
///
/// # Errors
/// When the file holds no key that is taken.
pub fn public_key(path: &Path) -> Result<PublicKey, Trouble> {
    let of_file =
        |what: &dyn std::fmt::Display| Trouble::Plain(format!("{}: {what}", path.display()));
    let bytes = atomic::read(path, MOST_BYTES)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| of_file(&"there is no such file"))?;
    let text =
        zeroize::Zeroizing::new(String::from_utf8(bytes).map_err(|_| of_file(&"it is not text"))?);
    match text.contains("PRIVATE KEY") {
        true => secret::public_half(&text).map_err(|fault| of_file(&fault)),
        false => PublicKey::parse(&text).map_err(|fault| of_file(&fault)),
    }
}

fn with_pub(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}
