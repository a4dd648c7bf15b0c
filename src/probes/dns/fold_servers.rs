//! Answers of single name servers as facts.

use hickory_proto::{
    dnssec::{
        PublicKey,
        rdata::{DNSKEY, DNSSECRData},
    },
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::opt::{EdnsCode, EdnsOption},
    },
};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    facts::{AddressFamily, HostName, ServerDnssec, ServerFacts, SignatureProblem, Soa},
    fold::Fold,
    jobs::Lookup,
    keys::algorithm_name,
    servers::{Asked, Reply, UNUSED, first_text, known},
    validate::denial_of,
};
use crate::{
    model::{gap::GapReason, seen::Seen},
    net::{DnsReply, NetError, UNKNOWN_OPTION, name_text, rcode_text},
    wire::{
        dnssec::{AnswerFault, Question, rrsets, verify},
        text::clean_bytes,
    },
};

/// The code of a version of EDNS that is refused. The same number is BADSIG in another
/// place, so it has no name of its own here.
const BADVERS: u16 = 16;
/// Most characters of what a server says of itself.
const TEXT_CHARS: usize = 200;
/// Most problems that are kept of one server.
const PROBLEMS_MAX: usize = 40;

/// What stands still while all servers are looked at.
pub(super) struct Zone<'a> {
    pub(super) name: &'a Name,
    /// Keys that the chain of trust proves; `None` where it proves none.
    pub(super) keys: Option<&'a [DNSKEY]>,
    /// Seconds since 1970, modulo 2^32.
    pub(super) now: u32,
}

impl Fold {
    /// The facts of each server; `more`: there are more addresses than were asked.
    pub(super) fn asked_servers(&mut self, zone: &Zone<'_>, asked: &[Asked]) {
        let mut list = Vec::new();
        for (index, asked) in asked.iter().enumerate() {
            let at = format!("/dns/servers/{index}");
            list.push(self.server(zone, asked, &at));
            self.proofs(&name_text(zone.name), asked, &at);
        }
        self.facts.servers = list.into();
    }

    fn server(&mut self, zone: &Zone<'_>, asked: &Asked, at: &str) -> ServerFacts {
        let mut facts = blank(asked);
        let Some(soa) = asked.soa_reply() else {
            self.silent(asked, at, &mut facts);
            return facts;
        };
        let elsewhere = known(&asked.any_source).and_then(|reply| reply.other_source);
        facts.udp = asked.soa.is_ok().into();
        facts.other_source = elsewhere.map(|ip| ip.to_string()).into();
        facts.tcp = match &asked.ns_tcp {
            Ok(_) => true.into(),
            Err(error) if error.is_refused() => false.into(),
            Err(error) => {
                self.gaps.push(error.gap(format!("{at}/tcp")));
                Seen::Unseen
            }
        };
        facts.rcode = rcode(soa).into();
        let serves = asked.serves(zone.name) == Some(true);
        facts.authoritative = serves.into();
        facts.edns = (!asked.plain && soa.message.edns.is_some()).into();
        self.own_words(asked, at, &mut facts);
        if let Some(ptr) = &asked.ptr {
            facts.ptr = self.pointers(ptr, at);
        }
        if !serves {
            return facts;
        }
        let records: Vec<Soa> = soa.message.answers.iter().filter_map(soa_of).collect();
        facts.soa_records = u32::try_from(records.len()).unwrap_or(u32::MAX).into();
        facts.soa = records.into_iter().next().into();
        facts.ns = match asked.ns_reply() {
            Ok(reply) => host_names(&reply.message.answers, zone.name).into(),
            Err(error) => {
                self.gaps.push(error.gap(format!("{at}/ns")));
                Seen::Unseen
            }
        };
        self.manners(asked, at, &mut facts);
        facts.truncated = truncated(asked).into();
        facts.dnssec = self.signed(zone, asked, at);
        facts
    }

    /// A server of which nothing came over UDP.
    fn silent(&mut self, asked: &Asked, at: &str, facts: &mut ServerFacts) {
        let Err(error) = &asked.soa else { return };
        match &asked.ns_tcp {
            // It lives: what UDP gave is its own word, or a filter's before it.
            Ok(_) => {
                facts.tcp = true.into();
                if let Some(ptr) = &asked.ptr {
                    facts.ptr = self.pointers(ptr, at);
                }
                match error.is_refused() {
                    true => facts.udp = false.into(),
                    false => self.gaps.push(error.gap(format!("{at}/udp"))),
                }
                for place in ["rcode", "authoritative", "other_source", "soa", "dnssec"] {
                    self.gaps.push(error.gap(format!("{at}/{place}")));
                }
            }
            // Its host says that nothing listens: a fact about the server.
            Err(tcp) if error.is_refused() && tcp.is_refused() => {
                facts.udp = false.into();
                facts.tcp = false.into();
                facts.authoritative = false.into();
                facts.other_source = None.into();
                if let Some(ptr) = &asked.ptr {
                    facts.ptr = self.pointers(ptr, at);
                }
            }
            Err(_) => self.gaps.push(error.gap(at)),
        }
    }

    /// How it treats what is unusual.
    fn manners(&mut self, asked: &Asked, at: &str, facts: &mut ServerFacts) {
        facts.edns_version_refused =
            self.read(&asked.version1, at, "edns_version_refused", |reply| {
                let edns = reply.message.edns.as_ref();
                u16::from(reply.message.metadata.response_code) == BADVERS
                    && edns.is_some_and(|edns| edns.version() == 0)
            });
        let mixed = known(&asked.mixed);
        facts.case_kept = self.read(&asked.mixed, at, "case_kept", |reply| reply.case_kept);
        facts.edns_unknown_ignored = match (mixed, asked.plain) {
            (_, true) => Seen::Unseen,
            (Some(reply), _) => ignores_unknown(reply, known(&asked.aaaa)).into(),
            (None, _) => self.read(&asked.mixed, at, "edns_unknown_ignored", |_| true),
        };
        let aaaa = match &asked.aaaa {
            None => &asked.mixed,
            plain => plain,
        };
        facts.aaaa_answered = self.read(aaaa, at, "aaaa_answered", |reply| {
            reply.message.metadata.response_code == ResponseCode::NoError
        });
        facts.upward_referral = self.read(&asked.root, at, "upward_referral", |reply| {
            let message = &reply.message;
            message.answers.is_empty()
                && !message.metadata.authoritative
                && message
                    .authorities
                    .iter()
                    .any(|record| record.record_type() == RecordType::NS && record.name.is_root())
        });
    }

    /// What it says to those who were given leave to ask.
    fn own_words(&mut self, asked: &Asked, at: &str, facts: &mut ServerFacts) {
        facts.recursive = self.read(&asked.recursion, at, "recursive", |reply| {
            let metadata = &reply.message.metadata;
            metadata.recursion_available
                && !metadata.authoritative
                && matches!(
                    metadata.response_code,
                    ResponseCode::NoError | ResponseCode::NXDomain
                )
        });
        facts.transfers = self.read(&asked.transfer, at, "transfers", |reply| {
            reply.message.metadata.response_code == ResponseCode::NoError
                && reply
                    .message
                    .answers
                    .iter()
                    .any(|r| r.record_type() == RecordType::SOA)
        });
        facts.nsid = self.read(&asked.nsid, at, "nsid", |reply| nsid(&reply.message));
        // BIND that is told to keep its version to itself stays silent.
        let says_nothing =
            matches!(&asked.version, Some(Err(error)) if error.reason == GapReason::Timeout);
        facts.version = match says_nothing {
            true => None.into(),
            false => self.read(&asked.version, at, "version", |reply| {
                first_text(reply).map(|text| clean_bytes(&text, TEXT_CHARS))
            }),
        };
    }

    fn pointers(&mut self, ptr: &Lookup, at: &str) -> Seen<Vec<HostName>> {
        match ptr {
            Ok(answer) => answer
                .data()
                .filter_map(|data| match data {
                    RData::PTR(name) => Some(HostName {
                        name: name_text(&name.0),
                    }),
                    _ => None,
                })
                .take(20)
                .collect::<Vec<_>>()
                .into(),
            Err(error) => {
                self.gaps.push(error.gap(format!("{at}/ptr")));
                Seen::Unseen
            }
        }
    }

    /// A fact from an answer; a gap where none came, nothing where none was asked for.
    fn read<T>(
        &mut self,
        reply: &Reply,
        at: &str,
        place: &str,
        read: impl FnOnce(&DnsReply) -> T,
    ) -> Seen<T> {
        match reply {
            Some(Ok(reply)) => Seen::Known(read(reply)),
            Some(Err(error)) => {
                self.gaps.push(error.gap(format!("{at}/{place}")));
                Seen::Unseen
            }
            None => Seen::Unseen,
        }
    }

    /// Whether what this server signs holds.
    fn signed(&mut self, zone: &Zone<'_>, asked: &Asked, at: &str) -> Seen<Option<ServerDnssec>> {
        let Some(soa) = asked.soa_reply() else {
            return Seen::Unseen;
        };
        let own: Vec<DNSKEY> = match &asked.dnskey {
            Some(Ok(reply)) => keys_of(&reply.message.answers, zone.name),
            Some(Err(error)) => {
                self.gaps.push(error.gap(format!("{at}/dnssec")));
                return Seen::Unseen;
            }
            None => return Seen::Known(None),
        };
        let has_signature = soa.message.answers.iter().any(is_signature);
        if own.is_empty() && !has_signature && zone.keys.is_none() {
            return Seen::Known(None);
        }
        let keys: Vec<&DNSKEY> = zone.keys.unwrap_or(&own).iter().collect();
        let mut problems = BTreeSet::new();
        let mut denial = None;
        let ns = asked.ns_reply().ok();
        let all = [
            (RecordType::SOA, Some(soa)),
            (RecordType::NS, ns),
            (RecordType::DNSKEY, known(&asked.dnskey)),
            (RecordType::AAAA, known(&asked.aaaa).or(known(&asked.mixed))),
            (RecordType::CDS, known(&asked.cds)),
            (RecordType::CDNSKEY, known(&asked.cdnskey)),
            (RecordType::Unknown(0), known(&asked.absent)),
        ];
        for (rtype, reply) in all {
            let Some(reply) = reply else { continue };
            let message = &reply.message;
            if message.metadata.response_code != ResponseCode::NoError {
                continue;
            }
            let rtype = match rtype {
                RecordType::Unknown(_) => UNUSED,
                rtype => rtype,
            };
            let question = Question {
                zone: zone.name,
                keys: &keys,
                name: zone.name,
                rtype,
                now: zone.now,
            };
            if let Err(fault) = question.validate(&message.answers, &message.authorities, true) {
                problems.insert(problem(rtype, fault));
            } else if message.answers.is_empty() {
                denial = denial.or_else(|| denial_of(&message.authorities));
            }
        }
        for (reply, place) in [(&asked.cds, "cds"), (&asked.cdnskey, "cdnskey")] {
            if let Some(Err(error)) = reply {
                self.gaps.push(error.gap(format!("{at}/dnssec/{place}")));
            }
        }
        if problems.len() > PROBLEMS_MAX {
            let gap = NetError::new(GapReason::TooLarge, "more problems than are kept");
            self.gaps.push(gap.gap(format!("{at}/dnssec/problems/-")));
        }
        Seen::Known(Some(ServerDnssec {
            keys: names(own.iter().map(key_text)),
            problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
            algorithms_missing: algorithms_missing(zone, asked, &own),
            denial,
            cds: names(child(&asked.cds)),
            cdnskey: names(child(&asked.cdnskey)),
        }))
    }
}

fn blank(asked: &Asked) -> ServerFacts {
    ServerFacts {
        key: format!("{} {}", asked.server, asked.ip),
        server: asked.server.clone(),
        address: asked.ip.to_string(),
        family: match asked.ip.is_ipv4() {
            true => AddressFamily::Ipv4,
            false => AddressFamily::Ipv6,
        },
        udp: Seen::Unseen,
        tcp: Seen::Unseen,
        other_source: Seen::Unseen,
        rcode: Seen::Unseen,
        authoritative: Seen::Unseen,
        soa: Seen::Unseen,
        soa_records: Seen::Unseen,
        ns: Seen::Unseen,
        edns: Seen::Unseen,
        edns_version_refused: Seen::Unseen,
        edns_unknown_ignored: Seen::Unseen,
        case_kept: Seen::Unseen,
        aaaa_answered: Seen::Unseen,
        upward_referral: Seen::Unseen,
        truncated: Seen::Unseen,
        dnssec: Seen::Unseen,
        ptr: Seen::Unseen,
        recursive: Seen::Unseen,
        transfers: Seen::Unseen,
        nsid: Seen::Unseen,
        version: Seen::Unseen,
    }
}

fn rcode(reply: &DnsReply) -> String {
    rcode_text(reply.message.metadata.response_code)
}

/// The SOA record as a fact.
pub(super) fn soa_of(record: &Record) -> Option<Soa> {
    match &record.data {
        RData::SOA(soa) => Some(Soa {
            mname: name_text(&soa.mname),
            rname: name_text(&soa.rname),
            serial: soa.serial,
            refresh: soa.refresh.cast_unsigned(),
            retry: soa.retry.cast_unsigned(),
            expire: soa.expire.cast_unsigned(),
            minimum: soa.minimum,
        }),
        _ => None,
    }
}

/// Names of the name servers of a zone among records, sorted.
pub(super) fn host_names(records: &[Record], zone: &Name) -> Vec<HostName> {
    let found = records.iter().filter(|record| record.name == *zone);
    names(found.filter_map(|record| match &record.data {
        RData::NS(name) => Some(name_text(&name.0)),
        _ => None,
    }))
}

/// Texts as a sorted list without repetitions.
pub(super) fn names(texts: impl IntoIterator<Item = String>) -> Vec<HostName> {
    let all: BTreeSet<String> = texts.into_iter().collect();
    all.into_iter().map(|name| HostName { name }).collect()
}

fn truncated(asked: &Asked) -> Vec<HostName> {
    let all = [
        ("SOA", asked.soa.as_deref().ok()),
        ("NS", known(&asked.ns_udp)),
        ("DNSKEY", known(&asked.dnskey)),
        ("AAAA", known(&asked.mixed)),
        ("CDS", known(&asked.cds)),
    ];
    let cut = all
        .into_iter()
        .filter(|(_, reply)| reply.is_some_and(|r| r.truncated));
    names(cut.map(|(name, _)| name.to_owned()))
}

/// Whether an answer shows that what is unknown in EDNS was ignored.
fn ignores_unknown(reply: &DnsReply, plainly: Option<&DnsReply>) -> bool {
    let code = reply.message.metadata.response_code;
    let Some(edns) = &reply.message.edns else {
        return false;
    };
    // What it answers without the unknown, it has to answer with it.
    let same = plainly.is_none_or(|plain| plain.message.metadata.response_code == code);
    let echoed = edns.option(EdnsCode::Unknown(UNKNOWN_OPTION)).is_some();
    same && edns.version() == 0 && edns.flags().z == 0 && !echoed
}

/// What a server calls itself: text where it is text, else hexadecimal.
fn nsid(message: &Message) -> Option<String> {
    let bytes = match message.edns.as_ref()?.option(EdnsCode::NSID)? {
        EdnsOption::NSID(payload) => payload.as_ref().to_vec(),
        EdnsOption::Unknown(_, data) => data.clone(),
        _ => return None,
    };
    match bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e)) {
        true => Some(clean_bytes(&bytes, TEXT_CHARS)),
        false => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(clean_bytes(hex.as_bytes(), TEXT_CHARS))
        }
    }
}

fn is_signature(record: &Record) -> bool {
    record.record_type() == RecordType::RRSIG
}

/// The DNSKEY records of a zone.
pub(super) fn keys_of(records: &[Record], zone: &Name) -> Vec<DNSKEY> {
    let own = records.iter().filter(|record| record.name == *zone);
    own.filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key.clone()),
        _ => None,
    })
    .collect()
}

fn key_text(key: &DNSKEY) -> String {
    let tag = key.calculate_key_tag().unwrap_or_default();
    format!("{tag}/{}", u8::from(key.public_key().algorithm()))
}

/// CDS or CDNSKEY records of an answer as text.
fn child(reply: &Reply) -> Vec<String> {
    let records = known(reply).map_or(&[][..], |reply| &reply.message.answers);
    records
        .iter()
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::CDS(cds)) => {
                let algorithm = cds.algorithm().map_or(0, u8::from);
                let digest = u8::from(cds.digest_type());
                Some(format!("{}/{algorithm}/{digest}", cds.key_tag()))
            }
            RData::DNSSEC(DNSSECRData::CDNSKEY(key)) if key.is_delete() => Some("0/0".to_owned()),
            RData::DNSSEC(DNSSECRData::CDNSKEY(key)) => {
                let public = key.public_key()?;
                Some(key_text(&DNSKEY::with_flags(key.flags(), public)))
            }
            _ => None,
        })
        .collect()
}

fn problem(rtype: RecordType, fault: AnswerFault) -> SignatureProblem {
    let covered = match fault {
        AnswerFault::Signature(covered, _) => covered,
        AnswerFault::Denial(_) => rtype,
    };
    let records = match covered {
        RecordType::Unknown(_) => "absence".to_owned(),
        covered => covered.to_string(),
    };
    SignatureProblem {
        key: format!("{records} {}", fault.code()),
        records,
        reason: fault.code().to_owned(),
    }
}

/// Algorithms of the keys of which no signature over the SOA record holds. A zone
/// must be signed with every algorithm of its keys (RFC 4035 section 2.2).
fn algorithms_missing(zone: &Zone<'_>, asked: &Asked, own: &[DNSKEY]) -> Vec<HostName> {
    let mut wanted: BTreeMap<u8, bool> = own
        .iter()
        .filter(|key| key.zone_key() && !key.revoke())
        .map(|key| (u8::from(key.public_key().algorithm()), false))
        .collect();
    let records = asked
        .soa_reply()
        .map_or(&[][..], |reply| &reply.message.answers);
    let keys: Vec<&DNSKEY> = own.iter().collect();
    for set in rrsets(records)
        .iter()
        .filter(|set| set.rtype == RecordType::SOA)
    {
        for checked in verify(set, zone.name, &keys, zone.now) {
            if let Some(met) = wanted.get_mut(&checked.algorithm) {
                *met = true;
            }
        }
    }
    names(
        wanted
            .into_iter()
            .filter(|(_, met)| !met)
            .map(|(n, _)| algorithm_name(n)),
    )
}
