//! A pack: checks, controls, lists and profiles in one document, which an
//! exchange hands out and pins.
//!
//! It has two digests. The **content digest** is taken over the sorted digests
//! of its checks: it stays when only words change, and it is what pins,
//! findings and baselines name. The **file digest** is the SHA-256 of the whole
//! document: it is what is signed, and covers every word.
//!
//! Nothing here reads the checks; `content::pack` does, and holds what the
//! document says of itself against them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    canonical,
    document::{STATEMENT, Statement, Subject, payload_digest},
    envelope::Envelope,
    exchange::{MOST_TABLES, NOT_A_DIGEST, NOT_A_LINE, NOT_AN_ID, Period, Wrong, is_line},
    key::PublicKey,
    kind::DocumentKind,
    names,
    refusal::Refusal,
    roster::Roster,
    statement,
    trust::{enough, not_ahead},
};

/// Version of the pack's format.
pub const PACK_SCHEMA: &str = "scrutineer.pack/1";
/// The name of the Statement's subject.
pub const CONTENT: &str = "content";
/// Largest document, in bytes: in an envelope it grows by a third.
pub const MOST_BYTES: usize = canonical::MOST_BYTES / 4 * 3 - 65_536;
/// Largest file in a pack, in bytes.
pub const MOST_FILE_BYTES: usize = 256 * 1024;
/// Most files in a pack.
pub const MOST_FILES: usize = 5_000;
/// Most layers of files.
pub const MOST_LAYERS: usize = 16;
/// Longest path of a file, in bytes.
pub const LONGEST_PATH: usize = 200;
/// Most versions that the change log tells of.
pub const MOST_RELEASES: usize = 200;
/// Most lines that the change log has for a version.
pub const MOST_CHANGES: usize = 1_000;
/// Most checks and most profiles.
const MOST_NAMED: usize = 10_000;

/// Checks, controls, lists and profiles together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Always [`PACK_SCHEMA`].
    pub schema: String,
    /// Its name, the same for all its versions.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Id of the exchange that hands it out; `null` for a pack of one's own.
    pub exchange: Option<String>,
    /// Whether that exchange is made up.
    pub simulated: bool,
    /// When it was built; whole seconds.
    pub created: Timestamp,
    /// Name and version of the program that built it.
    pub tool: String,
    /// The content digest: SHA-256 over the sorted digests of the checks.
    pub digest: String,
    /// Editions of the moving tables that the program carried.
    pub tables: BTreeMap<String, String>,
    /// Digest of each check with its defaults, by id.
    pub checks: BTreeMap<String, String>,
    /// Digest of each profile, by id.
    pub profiles: BTreeMap<String, String>,
    /// The version before; `null` for the first.
    pub previous: Option<Previous>,
    /// What changed, the newest version first.
    pub log: Vec<Release>,
    /// The files. A later layer goes over those before it.
    pub layers: Vec<Vec<PackFile>>,
}

/// The version before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// Its version.
    pub version: String,
    /// Its file digest.
    pub file: String,
}

/// A version in the change log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The version.
    pub version: String,
    /// What it changed, one line each.
    pub changes: Vec<String>,
}

/// A YAML file of a pack. Its path is a name for people and for telling checks
/// from lists and profiles; it never reaches a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    /// `checks/...` or `profiles/...`, as below those folders.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl Pack {
    /// The Statement with this pack, about its content.
    pub fn statement(&self) -> Statement<Self> {
        Statement {
            statement_type: STATEMENT.to_owned(),
            subject: vec![Subject::new(CONTENT, &self.digest)],
            predicate_type: DocumentKind::Pack.predicate_type().to_owned(),
            predicate: self.clone(),
        }
    }

    /// The document: canonical, and what is signed.
    ///
    /// # Errors
    /// When it is larger than what can be read back.
    pub fn payload(&self) -> Result<Vec<u8>, Refusal> {
        let bytes = canonical::write(&self.statement())?;
        match bytes.len() <= MOST_BYTES {
            true => Ok(bytes),
            false => Err(Refusal::Malformed(canonical::Fault::TooLarge)),
        }
    }

    /// Reads a document and holds it against the rules that need nothing else.
    /// Trusts nothing: verify its signatures first where it came from elsewhere.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(payload: &[u8]) -> Result<Self, Refusal> {
        let statement: Statement<Self> = statement::read(payload, DocumentKind::Pack)?;
        let pack = statement.predicate;
        pack.check()
            .map_err(|wrong| Refusal::Content(wrong.to_string()))?;
        if statement.subject != [Subject::new(CONTENT, &pack.digest)] {
            return Err(Refusal::Content(
                "`subject` is not its content digest".to_owned(),
            ));
        }
        Ok(pack)
    }

    /// Says what is wrong with it: the first thing found.
    ///
    /// # Errors
    /// Names and paths that are none, and lists that are unsorted or too long.
    pub fn check(&self) -> Result<(), Wrong> {
        let wrong = |at: &str, why: &str| Err(Wrong::new(at, why));
        if self.schema != PACK_SCHEMA {
            return Err(Wrong::new("schema", format!("is not {PACK_SCHEMA}")));
        }
        if !names::is_id(&self.name) {
            return wrong("name", NOT_AN_ID);
        }
        let before = self.previous.as_ref().map(|previous| &previous.version);
        let versions = self.log.iter().map(|release| &release.version);
        if !versions
            .chain(before)
            .chain([&self.version])
            .all(|version| is_pack_version(version))
        {
            return wrong("version", NOT_A_VERSION);
        }
        match &self.exchange {
            Some(id) if !names::is_id(id) => return wrong("exchange", NOT_AN_ID),
            None if self.simulated => return wrong("simulated", "is about no exchange"),
            _ => {}
        }
        if self.created.subsec_nanosecond() != 0 {
            return wrong("created", "must be whole seconds");
        }
        if !is_line(&self.tool) {
            return wrong("tool", NOT_A_LINE);
        }
        let file = self.previous.as_ref().map(|previous| &previous.file);
        if !file
            .into_iter()
            .chain([&self.digest])
            .all(|digest| names::is_digest(digest))
        {
            return wrong("digest", NOT_A_DIGEST);
        }
        let tables = |(name, edition): (&String, &String)| is_line(name) && is_line(edition);
        if self.tables.len() > MOST_TABLES || !self.tables.iter().all(tables) {
            return wrong("tables", NOT_A_LINE);
        }
        for (at, digests) in [("checks", &self.checks), ("profiles", &self.profiles)] {
            let fits = |(id, digest): (&String, &String)| is_line(id) && names::is_digest(digest);
            if digests.len() > MOST_NAMED || !digests.iter().all(fits) {
                return wrong(at, "must map ids to digests");
            }
        }
        self.check_log()?;
        self.check_files()
    }

    fn check_log(&self) -> Result<(), Wrong> {
        let wrong = |why: &str| Err(Wrong::new("log", why));
        if self.log.len() > MOST_RELEASES {
            return wrong("tells of too many versions");
        }
        if self.log.first().map(|newest| &newest.version) != Some(&self.version) {
            return wrong("does not begin with the pack's own version");
        }
        for release in &self.log {
            if release.changes.len() > MOST_CHANGES {
                return wrong("is too long");
            }
            if !release.changes.iter().all(|line| is_line(line)) {
                return wrong(NOT_A_LINE);
            }
        }
        Ok(())
    }

    fn check_files(&self) -> Result<(), Wrong> {
        let files: usize = self.layers.iter().map(Vec::len).sum();
        if self.layers.len() > MOST_LAYERS || files > MOST_FILES {
            return Err(Wrong::new("layers", "has too many files"));
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let at = format!("layers/{index}");
            if !layer.is_sorted_by(|one, next| one.path < next.path) {
                return Err(Wrong::new(at, "is not sorted, or has a path twice"));
            }
            for (number, file) in layer.iter().enumerate() {
                if !is_pack_path(&file.path) {
                    return Err(Wrong::new(format!("{at}/{number}/path"), NOT_A_PATH));
                }
                if file.text.len() > MOST_FILE_BYTES {
                    let why = "is larger than 256 KiB";
                    return Err(Wrong::new(format!("{at}/{number}/text"), why));
                }
            }
        }
        Ok(())
    }

    /// The periods of a roster that pin this content.
    pub fn pinned<'r>(&self, roster: &'r Roster) -> impl Iterator<Item = &'r Period> {
        let periods = roster.exchange.calendar.periods.iter();
        periods.filter(|period| self.is_pinned(period, roster).is_ok())
    }

    /// Holds the pack against what a period pins.
    ///
    /// # Errors
    /// [`Refusal::NotPinned`].
    pub fn is_pinned(&self, period: &Period, roster: &Roster) -> Result<(), Refusal> {
        let profile = self.profiles.get(&roster.exchange.profile);
        for (what, pinned, found) in [
            ("checks", &period.pins.pack, Some(&self.digest)),
            ("profile", &period.pins.profile, profile),
        ] {
            if Some(pinned) != found {
                return Err(Refusal::NotPinned {
                    period: period.id.clone(),
                    what,
                    pinned: pinned.clone(),
                    found: found.map_or("none", String::as_str).to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// A pack that the stewards of an exchange signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The pack.
    pub pack: Pack,
    /// Its file digest.
    pub file: String,
    /// Fingerprints of the root keys that signed.
    pub keys: Vec<String>,
    /// Whether the roster has expired.
    pub stale: bool,
}

/// Verifies a pack: 2 of the 3 root keys signed it, for this exchange. `seen`
/// are file digests that were accepted before the roster expired.
///
/// # Errors
/// A refusal for each rule that it breaks.
pub fn verify(
    envelope: &Envelope,
    roster: &Roster,
    now: Timestamp,
    seen: &BTreeSet<String>,
) -> Result<Signed, Refusal> {
    let roots = roster.roots.iter().map(|root| &root.key);
    let keys: Vec<&PublicKey> = roots.chain(roster.participant_keys()).collect();
    let signers = envelope.signers(DocumentKind::Pack, &keys)?;
    let is_root = |key: &PublicKey| roster.roots.iter().any(|root| root.key == *key);
    if !signers.iter().any(|key| is_root(key))
        && let Some((participant, _)) = signers.first().and_then(|key| roster.owner(key))
    {
        return Err(Refusal::NotASteward(participant.to_owned()));
    }
    enough(&signers, roster, false)?;
    let pack = Pack::read(&envelope.payload)?;
    match &pack.exchange {
        None => return Err(Refusal::NoExchange),
        Some(id) if *id != roster.exchange.id => {
            return Err(Refusal::OtherExchange {
                expected: roster.exchange.id.clone(),
                found: id.clone(),
            });
        }
        Some(_) if pack.simulated != roster.exchange.simulated => {
            return Err(Refusal::Simulated("the pack".to_owned()));
        }
        Some(_) => {}
    }
    not_ahead(pack.created, now)?;
    let file = payload_digest(&envelope.payload);
    let stale = roster.is_expired(now);
    if stale && !seen.contains(&file) {
        return Err(Refusal::RosterExpired(roster.expires));
    }
    let keys = signers.iter().filter(|key| is_root(key));
    Ok(Signed {
        pack,
        file,
        keys: keys.map(|key| key.fingerprint()).collect(),
        stale,
    })
}

/// Whether a text is a version of a pack: letters, digits, `.`, `+` and `-`, at
/// most 32, beginning with a letter or digit.
pub fn is_pack_version(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
}

/// Whether a text is the path of a file in a pack: `checks/` or `profiles/` and
/// plain names below, ending in `.yaml` or `.yml`. It leads nowhere else.
pub fn is_pack_path(path: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    path.len() <= LONGEST_PATH
        && (path.starts_with("checks/") || path.starts_with("profiles/"))
        && (path.ends_with(".yaml") || path.ends_with(".yml"))
        && path.split('/').all(name)
}

const NOT_A_VERSION: &str = "is not a version: letters, digits, `.`, `+` and `-`, at most 32";
pub(crate) const NOT_A_PATH: &str = "is not checks/... or profiles/... with plain names of letters, digits, `.`, `_`, `+` and `-` that end in .yaml";

#[cfg(test)]
mod tests {
    use super::*;

    fn pack() -> Pack {
        let file = |path: &str| PackFile {
            path: path.to_owned(),
            text: "id: x\n".to_owned(),
        };
        Pack {
            schema: PACK_SCHEMA.to_owned(),
            name: "north-sea".to_owned(),
            version: "2026.2".to_owned(),
            exchange: Some("north-sea".to_owned()),
            simulated: false,
            created: Timestamp::UNIX_EPOCH,
            tool: "scrutineer 0.1.0".to_owned(),
            digest: "0a".repeat(32),
            tables: BTreeMap::new(),
            checks: BTreeMap::from([("a.b.c".to_owned(), "0b".repeat(32))]),
            profiles: BTreeMap::new(),
            previous: None,
            log: vec![Release {
                version: "2026.2".to_owned(),
                changes: vec!["the first".to_owned()],
            }],
            layers: vec![vec![file("checks/a/b.c.yaml"), file("profiles/p.yaml")]],
        }
    }

    #[test]
    fn a_pack_is_read_back_as_it_was_written() {
        let payload = pack().payload().unwrap();
        assert_eq!(Pack::read(&payload).unwrap(), pack());
        let text = String::from_utf8(payload).unwrap();
        let other = text.replacen(&"0a".repeat(32), &"0c".repeat(32), 1);
        let refusal = Pack::read(other.as_bytes()).unwrap_err().to_string();
        assert!(refusal.contains("content digest"), "{refusal}");
    }

    #[test]
    fn what_breaks_a_rule_is_told_with_its_place() {
        type Break = fn(&mut Pack);
        let cases: [(&str, Break); 12] = [
            ("schema", |p| p.schema = "scrutineer.pack/2".to_owned()),
            ("name", |p| p.name = "../x".to_owned()),
            ("version", |p| p.version = "1 2".to_owned()),
            ("exchange", |p| p.exchange = Some("X".to_owned())),
            ("simulated", |p| {
                p.exchange = None;
                p.simulated = true;
            }),
            ("tool", |p| p.tool = "a\u{1b}b".to_owned()),
            ("digest", |p| p.digest = "x".to_owned()),
            ("checks", |p| {
                p.checks.insert("d".to_owned(), "x".to_owned());
            }),
            ("log", |p| p.log.clear()),
            ("log", |p| p.log[0].changes.push("a\nb".to_owned())),
            ("layers/0", |p| p.layers[0].reverse()),
            ("layers/0/0/text", |p| {
                p.layers[0][0].text = "a".repeat(MOST_FILE_BYTES + 1);
            }),
        ];
        for (at, change) in cases {
            let mut broken = pack();
            change(&mut broken);
            assert_eq!(broken.check().unwrap_err().at, at);
        }
    }

    #[test]
    fn paths_lead_nowhere_else() {
        for path in ["checks/a.yaml", "profiles/guidance/x-1.2.yml"] {
            assert!(is_pack_path(path), "{path}");
        }
        for path in [
            "",
            "a.yaml",
            "/checks/a.yaml",
            "checks/../a.yaml",
            "checks/.a.yaml",
            "checks//a.yaml",
            "checks/a.yaml/",
            "checks/a b.yaml",
            "checks/a\\b.yaml",
            "checks/a\u{0}.yaml",
            "checks/a.txt",
            "checks/C:/a.yaml",
        ] {
            assert!(!is_pack_path(path), "{path:?}");
        }
    }
}
