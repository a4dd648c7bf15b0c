//! What a resolver answered, bounded and in a fixed order.

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::opt::{EdnsCode, EdnsOption},
    },
};
use std::net::{IpAddr, SocketAddr};

use super::{
    error::NetError,
    present::{answer_text, data_text, dig, name_text},
};
use crate::model::gap::GapReason;
use crate::model::observation::{Evidence, EvidenceKind};
use crate::wire::text::clean_bytes;

/// Most CNAME records that are followed.
pub(super) const ALIASES_MAX: usize = 16;
/// Most characters of an answer as evidence.
const EVIDENCE_CHARS: usize = 8_000;
/// Most records that are kept of a section.
const RECORDS_MAX: usize = 500;

/// What a resolver answered to one question. NXDOMAIN and "no such records"
/// are answers; everything else that is not NOERROR is a [`NetError`].
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The name asked for, as [`name_text`] writes it.
    pub name: String,
    /// The type asked for.
    pub rtype: RecordType,
    /// `NoError` or `NXDomain`; after aliases it is about the last target.
    pub rcode: ResponseCode,
    /// CNAME records on the way from the name to the records.
    pub aliases: Vec<Alias>,
    /// Records of the type at the end of the aliases, sorted.
    pub records: Vec<Record>,
    /// RRSIG records that came with them.
    pub signatures: Vec<Record>,
    /// Records of the authority section (the SOA of a negative answer).
    pub authority: Vec<Record>,
    /// Whether the resolver says that it validated the answer (AD).
    pub authenticated: bool,
    /// Whether there were more records than are kept.
    pub cut: bool,
    /// The resolver, where the user gave one that others may not know of.
    pub via: Option<SocketAddr>,
}

/// A CNAME record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The alias.
    pub name: String,
    /// What it points to.
    pub target: String,
}

impl Answer {
    /// Reads a packet as the answer to the question that it repeats.
    ///
    /// # Errors
    /// [`GapReason::Malformed`] for what is no DNS message with one question, else the
    /// reasons of [`Session::lookup`](super::Session::lookup).
    pub fn read(packet: &[u8]) -> Result<Self, NetError> {
        let malformed = |what: &str| NetError::new(GapReason::Malformed, what);
        let message =
            Message::from_vec(packet).map_err(|_| malformed("the packet is no DNS message"))?;
        let [query] = message.queries.as_slice() else {
            return Err(malformed("the packet does not repeat one question"));
        };
        let (name, rtype) = (query.name().clone(), query.query_type());
        Self::from_message(&name, rtype, message)
    }

    /// Reads the answer to a question from a message that was checked to answer it.
    pub fn from_message(
        name: &Name,
        rtype: RecordType,
        message: Message,
    ) -> Result<Self, NetError> {
        let rcode = message.metadata.response_code;
        let forged = extended_error(&message).is_some_and(|(code, _)| is_filter(code));
        if forged || !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain) {
            return Err(refusal(name, rtype, &message));
        }
        let mut aliases = Vec::new();
        let mut current = name.clone();
        while let Some(target) = alias_of(&message.answers, &current, rtype) {
            let seen_before = |alias: &Alias| alias.name == name_text(&target);
            aliases.push(Alias {
                name: name_text(&current),
                target: name_text(&target),
            });
            if aliases.iter().any(seen_before) {
                return Err(alias_loop(name));
            }
            if aliases.len() > ALIASES_MAX {
                return Err(too_many_aliases(name));
            }
            current = target;
        }
        let at_end = |record: &&Record| record.name == current && record.dns_class == DNSClass::IN;
        let mut records: Vec<Record> = message
            .answers
            .iter()
            .filter(at_end)
            .filter(|record| record.record_type() == rtype)
            .take(RECORDS_MAX + 1)
            .cloned()
            .collect();
        let cut = records.len() > RECORDS_MAX;
        records.truncate(RECORDS_MAX);
        records.sort_by_cached_key(|record| data_text(&record.data));
        records.dedup_by(|a, b| a.data == b.data);
        let signatures = message
            .answers
            .iter()
            .filter(at_end)
            .filter(|record| record.record_type() == RecordType::RRSIG)
            .take(RECORDS_MAX)
            .cloned()
            .collect();
        let mut authority = message.authorities;
        authority.truncate(RECORDS_MAX);
        Ok(Self {
            name: name_text(name),
            rtype,
            rcode,
            aliases,
            records,
            signatures,
            authority,
            authenticated: message.metadata.authentic_data,
            cut,
            via: None,
        })
    }

    /// Whether the name asked for exists. An alias exists even when its target does not.
    pub fn exists(&self) -> bool {
        self.rcode != ResponseCode::NXDomain || !self.aliases.is_empty()
    }

    /// Whether the name at the end of the aliases exists.
    pub fn end_exists(&self) -> bool {
        self.rcode != ResponseCode::NXDomain
    }

    /// The name at the end of the aliases.
    pub fn end(&self) -> &str {
        self.aliases
            .last()
            .map_or(self.name.as_str(), |alias| alias.target.as_str())
    }

    /// The data of the records.
    pub fn data(&self) -> impl Iterator<Item = &RData> {
        self.records.iter().map(|record| &record.data)
    }

    /// The addresses in A and AAAA records, sorted.
    pub fn ips(&self) -> Vec<IpAddr> {
        let mut ips: Vec<IpAddr> = self
            .data()
            .filter_map(|data| match data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                _ => None,
            })
            .collect();
        ips.sort();
        ips.dedup();
        ips
    }

    /// The values of TXT records, each with its strings joined.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        self.data()
            .filter_map(|data| match data {
                RData::TXT(txt) => Some(txt.txt_data.concat()),
                _ => None,
            })
            .collect()
    }

    /// The answer as evidence for the facts at a place, with the command that shows it.
    pub fn evidence(&self, at: impl Into<String>) -> Evidence {
        let (data, cut) = answer_text(self, EVIDENCE_CHARS);
        Evidence {
            at: at.into(),
            kind: EvidenceKind::DnsRecords,
            data,
            cut,
            reproduce: dig(&self.name, self.rtype, self.via),
        }
    }

    /// The name of the zone that a negative answer's SOA record stands at.
    pub fn authority_zone(&self) -> Option<String> {
        self.authority
            .iter()
            .find(|record| record.record_type() == RecordType::SOA)
            .map(|record| name_text(&record.name))
    }

    /// Whether the aliases lead out of what the server knows, so that the last
    /// target has to be asked for.
    pub(super) fn stops_at_alias(&self) -> bool {
        !self.aliases.is_empty()
            && self.records.is_empty()
            && self.rcode == ResponseCode::NoError
            && self.authority_zone().is_none()
    }

    /// Continues this answer, which stopped at an alias, with that for its target.
    pub(super) fn continued(mut self, next: Answer) -> Result<Self, NetError> {
        let known = |name: &str| self.aliases.iter().any(|alias| alias.name == name);
        if known(&next.name) || next.aliases.iter().any(|alias| known(&alias.target)) {
            return Err(NetError::new(
                GapReason::Malformed,
                format!("the aliases of {} lead in a circle", self.name),
            ));
        }
        self.aliases.extend(next.aliases);
        Ok(Self {
            name: self.name,
            aliases: self.aliases,
            authenticated: self.authenticated && next.authenticated,
            ..next
        })
    }
}

/// What a resolver said instead of an answer: its code, and why, where it says so
/// (RFC 8914). Some put a filter's word in the place of the zone's.
pub(super) fn refusal(name: &Name, rtype: RecordType, message: &Message) -> NetError {
    let mut detail = format!(
        "the resolver answered {} for {} {rtype}",
        rcode_text(message.metadata.response_code),
        name_text(name)
    );
    let mut reason = GapReason::Refused;
    if let Some((code, text)) = extended_error(message) {
        if is_filter(code) {
            reason = GapReason::Blocked;
        }
        detail += &match text.as_str() {
            "" => format!(" ({})", extended_error_name(code)),
            text => format!(" ({}: {text})", extended_error_name(code)),
        };
    }
    NetError::new(reason, detail)
}

/// The first extended error of a message: its code and text.
fn extended_error(message: &Message) -> Option<(u16, String)> {
    let option = message.edns.as_ref()?.option(EdnsCode::from(15))?;
    let EdnsOption::Unknown(_, data) = option else {
        return None;
    };
    let (code, text) = data.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*code), clean_bytes(text, 120)))
}

/// Whether the code says that the resolver answered in the place of the zone:
/// forged, blocked, censored or filtered.
fn is_filter(code: u16) -> bool {
    matches!(code, 4 | 15 | 16 | 17)
}

/// The name of an extended error (IANA), as far as it helps.
fn extended_error_name(code: u16) -> String {
    let name = match code {
        4 => "forged answer",
        5 => "DNSSEC indeterminate",
        6 => "DNSSEC bogus",
        7 => "signature expired",
        8 => "signature not yet valid",
        9 => "DNSKEY missing",
        10 => "RRSIGs missing",
        11 => "no zone key bit set",
        12 => "NSEC missing",
        13 => "cached error",
        15 => "blocked",
        16 => "censored",
        17 => "filtered",
        18 => "prohibited",
        20 => "not authoritative",
        22 => "no reachable authority",
        23 => "network error",
        24 => "invalid data",
        _ => return format!("extended error {code}"),
    };
    name.to_owned()
}

/// What the alias at a name points to, if there is one. Who asks for CNAME
/// records wants them, and not what is behind them.
fn alias_of(records: &[Record], name: &Name, rtype: RecordType) -> Option<Name> {
    if rtype == RecordType::CNAME {
        return None;
    }
    records
        .iter()
        .filter(|record| record.name == *name && record.dns_class == DNSClass::IN)
        .find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        })
}

fn alias_loop(name: &Name) -> NetError {
    NetError::new(
        GapReason::Malformed,
        format!("the aliases of {} lead in a circle", name_text(name)),
    )
}

pub(super) fn too_many_aliases(name: &Name) -> NetError {
    NetError::new(
        GapReason::TooLarge,
        format!("{} has more than {ALIASES_MAX} aliases", name_text(name)),
    )
}

/// The mnemonic of a response code (IANA).
pub fn rcode_text(rcode: ResponseCode) -> String {
    match rcode {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        other => format!("RCODE {}", u16::from(other)),
    }
}
