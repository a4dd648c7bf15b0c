//! `scrutineer roster show`: what a roster says, who signed it, and what is missing.

use clap::Args;
use std::{collections::BTreeSet, fmt::Write, path::PathBuf};

use super::{
    console::Console,
    exit::{Exit, Trouble},
    signed::{self, NowArgs, Refused},
    state::StateArgs,
};
use crate::baseline::{
    envelope::Envelope,
    key::PublicKey,
    kind::DocumentKind,
    roster::{Roster, THRESHOLD},
    trust::Trust,
};

/// Show what a roster says, who signed it, and what is missing. Trusts nothing
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
scrutineer roster show roster-5.dsse.json")]
pub struct ShowArgs {
    /// The roster.
    #[arg(value_name = "ROSTER")]
    pub roster: PathBuf,
    /// Write the payload, byte for byte, to be signed with `ssh-keygen -Y sign`.
    #[arg(long)]
    pub payload: bool,
    #[command(flatten)]
    pub now: NowArgs,
    #[command(flatten)]
    pub state: StateArgs,
}

/// Runs the command.
///
/// # Errors
/// When the file or the state cannot be read.
pub fn run(args: &ShowArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let envelope = signed::envelope(&args.roster, None, DocumentKind::Roster)?;
    let read = envelope.and_then(|envelope| {
        let roster = Roster::read(&envelope.payload)?;
        Ok((envelope, roster))
    });
    let (envelope, roster) = match read {
        Ok(read) => read,
        Err(refusal) => return Ok(Refused::new(&args.roster, refusal).tell(console)),
    };
    if args.payload {
        console.print(&String::from_utf8_lossy(&envelope.payload))?;
        return Ok(Exit::Done);
    }
    let now = args.now.now();
    let before = args
        .state
        .open()?
        .trust()?
        .trusted(&roster.exchange.id)
        .ok();
    let mut text = said(&roster);
    if roster.is_expired(now) {
        text.push_str("STALE         its term has ended: nothing new is accepted\n");
    }
    for line in signatures(&envelope, &roster, before.as_ref()) {
        text.push_str(&line);
        text.push('\n');
    }
    match before.map(|before| (before.roster().version, before.advance(&envelope, now))) {
        None => text.push_str("Trusted here  nothing of this exchange yet\n"),
        Some((seen, Ok(_))) => {
            let _ = writeln!(
                text,
                "Trusted here  version {seen}, which this one continues"
            );
        }
        Some((seen, Err(refusal))) => {
            let _ = writeln!(
                text,
                "Trusted here  version {seen}; this file is refused: {refusal}"
            );
        }
    }
    console.print(&text)?;
    Ok(Exit::Done)
}

/// What the roster says.
fn said(roster: &Roster) -> String {
    let mut out = String::new();
    let mut line = |label: &str, text: String| {
        let _ = writeln!(out, "{label:<14}{text}");
    };
    line(
        "Exchange",
        format!("{}, {}", roster.exchange.id, roster.exchange.title),
    );
    line("Version", roster.version.to_string());
    line(
        "Previous",
        roster
            .previous
            .clone()
            .unwrap_or_else(|| "none: the first".to_owned()),
    );
    line("Made", roster.created.to_string());
    line("Expires", roster.expires.to_string());
    line("Fingerprint", roster.root_fingerprint());
    for root in &roster.roots {
        line(
            "Root",
            format!("{}  {}", root.key.fingerprint(), root.organisation),
        );
    }
    for (id, who) in &roster.participants {
        line("Participant", format!("{id}, {}", who.name));
        for key in &who.keys {
            let mut text = format!("  {}", key.key.fingerprint());
            if key.recovered {
                text.push_str("  recovered");
            }
            if let Some(ended) = &key.ended {
                let _ = write!(text, "  ended {}: {}", ended.at, ended.reason);
            }
            line("", text);
        }
    }
    for period in &roster.exchange.calendar.periods {
        let text = format!(
            "{}, window from {} to {}",
            period.id,
            period.opens_at(),
            period.closes_at()
        );
        line("Period", text);
        for one in roster.accepted.iter().filter(|one| one.period == period.id) {
            let whose = one.participant.as_deref().unwrap_or("aggregate");
            let mut text = format!("  {}  {whose}", one.payload);
            if one.replaces.is_some() {
                text.push_str("  a correction");
            }
            if let Some(why) = &one.withdrawn {
                let _ = write!(text, "  withdrawn: {why}");
            }
            line("", text);
        }
    }
    for one in &roster.withdrawn_entries {
        line(
            "Not compared",
            format!("entry {}: {}", one.entry, one.reason),
        );
    }
    out
}

/// Who signed, and what is missing.
pub fn signatures(envelope: &Envelope, roster: &Roster, before: Option<&Trust>) -> Vec<String> {
    let before = before
        .map(Trust::roster)
        .filter(|before| before.version < roster.version);
    let rosters = [Some(roster), before].into_iter().flatten();
    let mut seen = BTreeSet::new();
    let keys: Vec<&PublicKey> = rosters
        .flat_map(|roster| {
            let roots = roster.roots.iter().map(|root| &root.key);
            roots.chain(roster.participant_keys())
        })
        .filter(|key| seen.insert(key.identity()))
        .collect();
    let mut lines = Vec::new();
    let signers = match envelope.signers(DocumentKind::Roster, &keys) {
        Ok(signers) => signers,
        Err(refusal) => {
            lines.push(format!("Signed by     nobody who counts: {refusal}"));
            Vec::new()
        }
    };
    for key in &signers {
        lines.push(format!(
            "Signed by     {}  {}",
            key.fingerprint(),
            whose(key, roster, before)
        ));
    }
    let passed_over = envelope.signatures.len().saturating_sub(signers.len());
    if passed_over > 0 && !signers.is_empty() {
        lines.push(format!(
            "Passed over   {passed_over} signatures by unknown keys"
        ));
    }
    let mut missing = |roster: &Roster, which: &str| {
        let signed = |key: &PublicKey| signers.contains(&key);
        let count = roster.roots.iter().filter(|root| signed(&root.key)).count();
        if count < THRESHOLD {
            let open: Vec<String> = roster
                .roots
                .iter()
                .filter(|root| !signed(&root.key))
                .map(|root| root.organisation.clone())
                .collect();
            let wanted = THRESHOLD - count;
            lines.push(format!(
                "Missing       {wanted} of the {which}root keys of: {}",
                open.join(", ")
            ));
        }
    };
    missing(roster, "");
    if let Some(before) = before.filter(|before| before.roots != roster.roots) {
        missing(before, "former ");
    }
    lines
}

fn whose(key: &PublicKey, roster: &Roster, before: Option<&Roster>) -> String {
    let root = |roster: &Roster| {
        let root = roster.roots.iter().find(|root| root.key == *key)?;
        Some(root.organisation.clone())
    };
    if let Some(organisation) = root(roster) {
        return format!("root key of {organisation}");
    }
    if let Some(organisation) = before.and_then(root) {
        return format!("former root key of {organisation}");
    }
    match roster.owner(key) {
        Some((id, _)) => format!("participant {id}"),
        None => "unknown".to_owned(),
    }
}
