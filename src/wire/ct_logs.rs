//! The list of certificate transparency logs that browsers publish (log list,
//! version 3): whose logs there are, their keys, and since when they count.
//!
//! Google's and Apple's files have the same fields: `operators[].logs[]`, and
//! in newer ones `tiled_logs[]`, with `log_id`, `key`, `state` and
//! `temporal_interval`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use super::{
    sct::{Entry, SignedTimestamp, key_hash},
    text::clean,
    x509::Key,
};

/// Most logs that are read.
const LOGS_MAX: usize = 2_000;
/// Most characters of a name.
const NAME_CHARS: usize = 100;
/// How far a timestamp may lie ahead of our clock, in seconds.
const AHEAD: i64 = 300;

/// The logs of a list, by their id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogList {
    /// Which list it is: its time if it tells one, and the SHA-256 of the file.
    pub edition: String,
    logs: BTreeMap<[u8; 32], Log>,
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// What the list calls it, cleaned.
    pub description: String,
    /// Who runs it, cleaned.
    pub operator: String,
    /// How far the publisher of the list trusts it.
    pub state: LogState,
    key: Key,
    /// Seconds from which on it has that state.
    since: i64,
    /// Ends of validity of the certificates that it takes: from, and before; seconds.
    interval: Option<(i64, i64)>,
}

/// How far the publisher of the list trusts a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogState {
    /// Applied for, not looked at.
    Pending,
    /// Accepted, and soon usable.
    Qualified,
    /// Counts.
    Usable,
    /// Counts, and takes nothing new.
    ReadOnly,
    /// What it signed before counts.
    Retired,
    /// Never counts.
    Rejected,
}

impl LogState {
    /// The word of the list for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Qualified => "qualified",
            Self::Usable => "usable",
            Self::ReadOnly => "readonly",
            Self::Retired => "retired",
            Self::Rejected => "rejected",
        }
    }

    /// Whether timestamps of today count.
    pub fn is_current(self) -> bool {
        matches!(self, Self::Qualified | Self::Usable | Self::ReadOnly)
    }
}

/// Why a timestamp does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The list has no such log.
    UnknownLog,
    /// The log's key did not sign this for the certificate.
    BadSignature,
    /// It lies in the future.
    NotYet,
    /// The log does not take certificates that end when this one does.
    OutsideInterval,
    /// The log was retired before.
    Retired,
    /// The log does not count: applied for, or rejected.
    NotTrusted,
}

impl LogList {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, and with which log.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| {
            format!(
                "is no list of logs (version 3): {}",
                clean(&error.to_string(), 200)
            )
        })?;
        let mut logs = BTreeMap::new();
        for operator in &file.operators {
            for entry in operator.logs.iter().chain(&operator.tiled_logs) {
                let description = entry
                    .description
                    .as_deref()
                    .unwrap_or("without a description");
                let description = clean(description, NAME_CHARS);
                let wrong = |what: &str| format!("log {description:?}: {what}");
                let (id, log) = Log::read(entry, operator).map_err(wrong)?;
                logs.insert(id, log);
                if logs.len() > LOGS_MAX {
                    return Err(format!("holds more than {LOGS_MAX} logs"));
                }
            }
        }
        if logs.is_empty() {
            return Err("names no log under operators[].logs[]".to_owned());
        }
        let digest = Sha256::digest(bytes);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let time = file
            .log_list_timestamp
            .map(|time| format!("{time} "))
            .unwrap_or_default();
        Ok(Self {
            edition: format!("{time}sha256:{digest}"),
            logs,
        })
    }

    /// The log with this id.
    pub fn log(&self, id: &[u8; 32]) -> Option<&Log> {
        self.logs.get(id)
    }

    /// Why a timestamp does not count for a certificate that ends at `not_after`,
    /// judged at `now` (seconds since 1970).
    ///
    /// # Errors
    /// The first reason that holds.
    pub fn check(
        &self,
        timestamp: &SignedTimestamp,
        entry: Entry<'_>,
        not_after: i64,
        now: i64,
    ) -> Result<&Log, Fault> {
        let log = self.log(&timestamp.log_id).ok_or(Fault::UnknownLog)?;
        if !timestamp.verifies(&log.key, entry) {
            return Err(Fault::BadSignature);
        }
        let at = i64::try_from(timestamp.at / 1_000).unwrap_or(i64::MAX);
        if at > now.saturating_add(AHEAD) {
            return Err(Fault::NotYet);
        }
        if log
            .interval
            .is_some_and(|(from, before)| not_after < from || not_after >= before)
        {
            return Err(Fault::OutsideInterval);
        }
        match log.state {
            LogState::Pending | LogState::Rejected => Err(Fault::NotTrusted),
            LogState::Retired if at >= log.since => Err(Fault::Retired),
            _ => Ok(log),
        }
    }
}

impl Log {
    fn read(entry: &LogEntry, operator: &Operator) -> Result<([u8; 32], Self), &'static str> {
        let spki = STANDARD
            .decode(&entry.key)
            .map_err(|_| "`key` is not Base64")?;
        let id = STANDARD
            .decode(&entry.log_id)
            .map_err(|_| "`log_id` is not Base64")?;
        let id: [u8; 32] = id.try_into().map_err(|_| "`log_id` has not 32 bytes")?;
        if id != key_hash(&spki) {
            return Err("`log_id` is not the SHA-256 of `key`");
        }
        let key = Key::from_spki(&spki).ok_or("`key` is no public key")?;
        let (state, since) = match &entry.state {
            None => (LogState::Pending, 0),
            Some(state) => state.read()?,
        };
        let interval = entry.temporal_interval.as_ref();
        Ok((
            id,
            Self {
                description: clean(entry.description.as_deref().unwrap_or_default(), NAME_CHARS),
                operator: clean(&operator.name, NAME_CHARS),
                state,
                key,
                since,
                interval: interval.map(|interval| {
                    (
                        interval.start_inclusive.as_second(),
                        interval.end_exclusive.as_second(),
                    )
                }),
            },
        ))
    }
}

#[derive(Deserialize)]
struct File {
    log_list_timestamp: Option<Timestamp>,
    operators: Vec<Operator>,
}

#[derive(Deserialize)]
struct Operator {
    name: String,
    #[serde(default)]
    logs: Vec<LogEntry>,
    #[serde(default)]
    tiled_logs: Vec<LogEntry>,
}

#[derive(Deserialize)]
struct LogEntry {
    description: Option<String>,
    log_id: String,
    key: String,
    state: Option<States>,
    temporal_interval: Option<Interval>,
}

#[derive(Deserialize)]
struct States {
    pending: Option<Since>,
    qualified: Option<Since>,
    usable: Option<Since>,
    readonly: Option<Since>,
    retired: Option<Since>,
    rejected: Option<Since>,
}

impl States {
    fn read(&self) -> Result<(LogState, i64), &'static str> {
        let all = [
            (LogState::Pending, &self.pending),
            (LogState::Qualified, &self.qualified),
            (LogState::Usable, &self.usable),
            (LogState::ReadOnly, &self.readonly),
            (LogState::Retired, &self.retired),
            (LogState::Rejected, &self.rejected),
        ];
        let mut given = all
            .into_iter()
            .filter_map(|(state, since)| Some((state, since.as_ref()?.timestamp.as_second())));
        match (given.next(), given.next()) {
            (Some(state), None) => Ok(state),
            (None, _) => Err("`state` is none that this program knows"),
            (Some(_), Some(_)) => Err("`state` names more than one"),
        }
    }
}

#[derive(Deserialize)]
struct Since {
    timestamp: Timestamp,
}

#[derive(Deserialize)]
struct Interval {
    start_inclusive: Timestamp,
    end_exclusive: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sct;

    const NOW: i64 = 1_795_493_837;
    const LOGS: &[u8] = include_bytes!("../../fuzz/corpus/pki_logs/list.json");
    const RETIRED: &[u8] = include_bytes!("../../fuzz/corpus/pki_logs/retired.json");
    const TIMESTAMPS: &[u8] = include_bytes!("../../fuzz/corpus/pki_timestamps/list");
    const LEAF: &[u8] = include_bytes!("../../fuzz/corpus/pki/leaf.der");

    #[test]
    fn timestamps_count_if_a_log_of_the_list_signed_them_for_this_certificate() {
        let logs = LogList::parse(LOGS).unwrap();
        assert!(logs.edition.starts_with("2026-11-20T00:00:00Z sha256:"));
        let found = sct::list(TIMESTAMPS).unwrap();
        let own = Entry::Certificate(LEAF);
        // Within the interval of the logs.
        let ends = 1_900_000_000;
        for (timestamp, operator) in found.iter().zip(["One", "Two"]) {
            let log = logs.check(timestamp, own, ends, NOW).unwrap();
            assert_eq!(
                (log.operator.as_str(), log.state),
                (operator, LogState::Usable)
            );
        }
        let check = |entry, ends, now| logs.check(&found[0], entry, ends, now).unwrap_err();
        assert_eq!(
            check(Entry::Certificate(b"another"), ends, NOW),
            Fault::BadSignature
        );
        assert_eq!(check(own, 2_300_000_000, NOW), Fault::OutsideInterval);
        assert_eq!(check(own, ends, 1_700_000_000), Fault::NotYet);
        let retired = LogList::parse(RETIRED).unwrap();
        assert_eq!(
            retired.check(&found[0], own, ends, NOW),
            Err(Fault::Retired)
        );
        let empty = LogList {
            edition: String::new(),
            logs: BTreeMap::new(),
        };
        assert_eq!(
            empty.check(&found[0], own, ends, NOW),
            Err(Fault::UnknownLog)
        );
    }

    #[test]
    fn what_is_no_list_of_logs_is_refused_with_the_reason() {
        let text = String::from_utf8(LOGS.to_vec()).unwrap();
        let cases = [
            ("{}".to_owned(), "operators"),
            (r#"{"operators": []}"#.to_owned(), "names no log"),
            (
                text.replacen("\"log_id\": \"", "\"log_id\": \"AAAA", 1),
                "log_id",
            ),
            (
                text.replacen("\"key\": \"MFkw", "\"key\": \"MFkx", 1),
                "SHA-256",
            ),
            (
                text.replacen("usable", "useful", 1),
                "none that this program knows",
            ),
        ];
        for (text, words) in cases {
            let why = LogList::parse(text.as_bytes()).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}
