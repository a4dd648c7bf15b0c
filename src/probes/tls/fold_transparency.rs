//! Turns signed certificate timestamps into facts.

use std::collections::BTreeSet;

use super::facts::{
    CertificateTimestamp, JudgedTimestamp, TimestampFault, TimestampSource, Transparency,
};
use super::fold::timestamp;
use super::issued::Issued;
use crate::wire::{
    ct_logs::{Fault, LogList},
    sct::{self, Entry, SignedTimestamp},
};

/// The timestamps of a certificate, by the way that they came.
pub type Timestamps = Vec<(TimestampSource, SignedTimestamp)>;

/// Reads every list; gives what could be read, and what is wrong with the rest.
pub fn read(lists: &[(TimestampSource, Result<Vec<u8>, String>)]) -> (Timestamps, Option<String>) {
    let mut found = Vec::new();
    let mut wrong = None;
    for (source, list) in lists {
        let list = list.clone();
        match list.and_then(|list| sct::list(&list).map_err(|error| error.to_string())) {
            Ok(list) => found.extend(list.into_iter().map(|timestamp| (*source, timestamp))),
            Err(error) => wrong = wrong.or(Some(error)),
        }
    }
    (found, wrong)
}

/// The timestamps as they came.
pub fn plain(timestamps: &Timestamps) -> Vec<CertificateTimestamp> {
    let each = timestamps.iter().enumerate();
    each.map(|(at, (source, found))| CertificateTimestamp {
        key: key(timestamps, at),
        source: *source,
        log_id: hex(&found.log_id),
        at: timestamp(i64::try_from(found.at / 1_000).unwrap_or(i64::MAX)),
    })
    .collect()
}

/// The timestamps, held against the list of logs at `now` (seconds since 1970).
pub fn judged(
    timestamps: &Timestamps,
    der: &[u8],
    issued: Option<&Issued>,
    not_after: i64,
    logs: &LogList,
    now: i64,
) -> Transparency {
    let tbs = sct::precertificate(der).unwrap_or_default();
    let hash = issued.map(|issued| sct::key_hash(&issued.issuer.spki));
    let mut facts = Transparency::default();
    let mut embedded = BTreeSet::new();
    let mut current = BTreeSet::new();
    let mut outside = BTreeSet::new();
    let mut operators = (BTreeSet::new(), BTreeSet::new());
    for (at, (source, found)) in timestamps.iter().enumerate() {
        let entry = match (source, hash) {
            (TimestampSource::Embedded, Some(issuer_key_hash)) => Some(Entry::Precertificate {
                issuer_key_hash,
                tbs: &tbs,
            }),
            (TimestampSource::Embedded, None) => None,
            _ => Some(Entry::Certificate(der)),
        };
        let log = logs.log(&found.log_id);
        let fault = match entry {
            None => Some(TimestampFault::NoIssuer),
            Some(entry) => logs
                .check(found, entry, not_after, now)
                .err()
                .map(fault_name),
        };
        if let (Some(log), None) = (log, fault) {
            let now_accepted = log.state.is_current();
            if *source == TimestampSource::Embedded {
                embedded.insert(found.log_id);
                operators.0.insert(&log.operator);
                if now_accepted {
                    current.insert(found.log_id);
                }
            } else if now_accepted {
                outside.insert(found.log_id);
                operators.1.insert(&log.operator);
            }
        }
        facts.timestamps.push(JudgedTimestamp {
            key: key(timestamps, at),
            log: log.map(|log| log.description.clone()),
            operator: log.map(|log| log.operator.clone()),
            state: log.map(|log| log.state.name().to_owned()),
            fault,
        });
    }
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    facts.embedded_logs = count(embedded.len());
    facts.embedded_current = count(current.len());
    facts.embedded_operators = count(operators.0.len());
    facts.outside_logs = count(outside.len());
    facts.outside_operators = count(operators.1.len());
    facts
}

/// Way and log; a number behind it when a log promised twice.
fn key(timestamps: &Timestamps, at: usize) -> String {
    let name = |(source, found): &(TimestampSource, SignedTimestamp)| {
        let source = match source {
            TimestampSource::Embedded => "embedded",
            TimestampSource::Tls => "tls",
            TimestampSource::Ocsp => "ocsp",
        };
        let id = hex(found.log_id.get(..4).unwrap_or_default());
        format!("{source} {id}")
    };
    let Some(own) = timestamps.get(at).map(name) else {
        return String::new();
    };
    match timestamps
        .iter()
        .take(at)
        .filter(|one| name(one) == own)
        .count()
    {
        0 => own,
        before => format!("{own} {}", before + 1),
    }
}

fn fault_name(fault: Fault) -> TimestampFault {
    match fault {
        Fault::UnknownLog => TimestampFault::UnknownLog,
        Fault::BadSignature => TimestampFault::BadSignature,
        Fault::NotYet => TimestampFault::NotYet,
        Fault::OutsideInterval => TimestampFault::OutsideInterval,
        Fault::Retired => TimestampFault::Retired,
        Fault::NotTrusted => TimestampFault::NotTrusted,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
