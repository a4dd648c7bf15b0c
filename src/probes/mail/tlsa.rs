//! TLSA records of the exchangers (RFC 6698, RFC 7672).

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::fmt::Write;

use super::{
    facts::{MailExchanger, Tlsa},
    notes::Notes,
};
use crate::{
    model::{gap::GapReason, seen::Seen},
    net::{Answer, RecordType, Session},
    wire::tlsa::Association,
};

/// Most exchangers whose records are asked for.
pub(super) const EXCHANGERS_MAX: usize = 20;
/// Most records of an exchanger that are kept.
const RECORDS_MAX: usize = 50;
/// Most bytes of the data of a record that are kept.
const DATA_BYTES: usize = 4_096;
/// Digits of the data in the key of a record.
const KEY_DIGITS: usize = 16;

/// Fills the TLSA records of each exchanger.
pub(super) async fn observe(session: &Session, list: &mut [MailExchanger], notes: &mut Notes) {
    let answers = join_all(list.iter().take(EXCHANGERS_MAX).map(async |exchanger| {
        if exchanger.null_mx {
            return None;
        }
        let name = format!("_25._tcp.{}", exchanger.name);
        Some(session.lookup(&name, RecordType::TLSA).await)
    }))
    .await;
    let mut unsigned = Vec::new();
    for (index, exchanger) in list.iter_mut().enumerate() {
        let at = format!("/mail/mx/{index}");
        if exchanger.null_mx {
            exchanger.tlsa = Vec::new().into();
            exchanger.tlsa_signed = None.into();
            continue;
        }
        let places = ["tlsa", "tlsa_signed", "tlsa_authenticated"];
        let places = places.map(|part| format!("{at}/{part}"));
        match answers.get(index).and_then(Option::as_ref) {
            Some(Ok(answer)) => {
                notes.prove(&format!("{at}/tlsa"), answer);
                let mut records = records(answer);
                if records.len() > RECORDS_MAX || answer.cut {
                    records.truncate(RECORDS_MAX);
                    let detail = format!("only {RECORDS_MAX} records are kept");
                    notes.gap(&format!("{at}/tlsa/-"), GapReason::TooLarge, &detail);
                }
                exchanger.tlsa_authenticated = answer.authenticated.into();
                exchanger.tlsa_signed = if records.is_empty() {
                    None.into()
                } else if answer.authenticated || !answer.signatures.is_empty() {
                    Some(true).into()
                } else {
                    unsigned.push(index);
                    Seen::Unseen
                };
                exchanger.tlsa = records.into();
            }
            Some(Err(error)) => places.iter().for_each(|at| notes.miss(at, error)),
            None => {
                let detail =
                    format!("TLSA records of at most {EXCHANGERS_MAX} exchangers are asked for");
                let reason = GapReason::TooLarge;
                places.iter().for_each(|at| notes.gap(at, reason, &detail));
            }
        }
    }
    if unsigned.is_empty() {
        return;
    }
    // Records without signatures, or a resolver that keeps signatures to
    // itself? The root is signed.
    let passes = match session.lookup(".", RecordType::SOA).await {
        Ok(answer) if answer.authenticated || !answer.signatures.is_empty() => Ok(()),
        Ok(_) => Err((
            GapReason::Refused,
            "the resolver hands out no DNSSEC signatures, so that nobody behind it can tell whether the records are signed".to_owned(),
        )),
        Err(error) => Err((error.reason, error.detail)),
    };
    for index in unsigned {
        let Some(exchanger) = list.get_mut(index) else {
            continue;
        };
        match &passes {
            Ok(()) => exchanger.tlsa_signed = Some(false).into(),
            Err((reason, detail)) => {
                notes.gap(&format!("/mail/mx/{index}/tlsa_signed"), *reason, detail);
            }
        }
    }
}

fn records(answer: &Answer) -> Vec<Tlsa> {
    let records = answer.data().filter_map(|data| match data {
        RData::TLSA(tlsa) => Some(record(&Association {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: &tlsa.cert_data,
        })),
        _ => None,
    });
    records.take(RECORDS_MAX + 1).collect()
}

fn record(read: &Association<'_>) -> Tlsa {
    let fault = read.fault();
    let data = hex(read.data.get(..DATA_BYTES).unwrap_or(read.data));
    let head = data.get(..KEY_DIGITS).unwrap_or(&data);
    Tlsa {
        key: format!("{} {} {} {head}", read.usage, read.selector, read.matching),
        usage: read.usage,
        selector: read.selector,
        matching_type: read.matching,
        usable: fault.is_none(),
        fault: fault.map(ToOwned::to_owned),
        matches: match fault {
            Some(_) => None.into(),
            None => Seen::Unseen,
        },
        data,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
