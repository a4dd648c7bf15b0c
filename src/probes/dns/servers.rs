//! Asks each address of each name server of the zone, side by side.

use futures_util::future::join_all;
use hickory_proto::{
    op::ResponseCode,
    rr::{DNSClass, Name, RData, RecordType},
};
use std::{net::IpAddr, sync::Arc};

use super::jobs::Lookup;
use crate::{
    model::{gap::GapReason, level::Level},
    net::{DnsQuery, DnsReply, Extras, NetError, Session, name_text},
};

/// Most addresses of name servers that are asked.
pub(super) const ADDRESSES_MAX: usize = 26;

/// An answer; `None`: not asked.
pub(super) type Reply = Option<Result<Arc<DnsReply>, NetError>>;

/// What one address answered.
pub(super) struct Asked {
    pub(super) server: String,
    pub(super) ip: IpAddr,
    /// SOA over UDP, without EDNS where that was refused.
    pub(super) soa: Result<Arc<DnsReply>, NetError>,
    /// Whether the answer came only without EDNS.
    pub(super) plain: bool,
    /// SOA over UDP, from whatever address; asked when nothing came from the right one.
    pub(super) any_source: Reply,
    /// NS over TCP.
    pub(super) ns_tcp: Result<Arc<DnsReply>, NetError>,
    /// NS over UDP, where TCP gave nothing.
    pub(super) ns_udp: Reply,
    pub(super) dnskey: Reply,
    pub(super) cds: Reply,
    pub(super) cdnskey: Reply,
    /// A version of EDNS that does not exist.
    pub(super) version1: Reply,
    /// AAAA in mixed letters, with what is unknown in EDNS.
    pub(super) mixed: Reply,
    /// AAAA plainly, where that gave no answer.
    pub(super) aaaa: Reply,
    /// NS of the root.
    pub(super) root: Reply,
    /// A type that nobody uses, for the proof of its absence.
    pub(super) absent: Reply,
    /// PTR of the address.
    pub(super) ptr: Option<Lookup>,
    pub(super) recursion: Reply,
    pub(super) transfer: Reply,
    pub(super) nsid: Reply,
    pub(super) version: Reply,
}

impl Asked {
    /// The answer about the SOA record, over whatever transport it came.
    pub(super) fn soa_reply(&self) -> Option<&DnsReply> {
        self.soa.as_deref().ok().or_else(|| known(&self.any_source))
    }

    /// Whether it answers for the zone with authority; `None` when it answered nothing.
    pub(super) fn serves(&self, zone: &Name) -> Option<bool> {
        self.soa_reply().map(|reply| serves(reply, zone))
    }

    /// The answer about the name servers.
    pub(super) fn ns_reply(&self) -> Result<&DnsReply, &NetError> {
        match (&self.ns_tcp, &self.ns_udp) {
            (Ok(reply), _) | (_, Some(Ok(reply))) => Ok(reply),
            (Err(_), Some(Err(error))) | (Err(error), None) => Err(error),
        }
    }
}

/// The reply of a question that was asked and answered.
pub(super) fn known(reply: &Reply) -> Option<&DnsReply> {
    match reply {
        Some(Ok(reply)) => Some(reply),
        _ => None,
    }
}

/// Whether a reply about the SOA record is an answer with authority.
fn serves(reply: &DnsReply, zone: &Name) -> bool {
    let message = &reply.message;
    message.metadata.response_code == ResponseCode::NoError
        && message.metadata.authoritative
        && message
            .answers
            .iter()
            .any(|record| record.record_type() == RecordType::SOA && record.name == *zone)
}

/// Asks every address. `signed`: whether the zone is known to have keys.
pub(super) async fn ask(
    session: &Session,
    zone: &Name,
    addresses: Vec<(String, IpAddr)>,
    signed: bool,
) -> Vec<Asked> {
    let all = addresses.into_iter().enumerate();
    join_all(all.map(async |(index, (server, ip))| {
        let one = One {
            session,
            zone,
            server,
            ip,
        };
        one.ask(signed, index == 0).await
    }))
    .await
}

/// The work on one address.
struct One<'a> {
    session: &'a Session,
    zone: &'a Name,
    server: String,
    ip: IpAddr,
}

impl One<'_> {
    async fn send(&self, query: DnsQuery) -> Result<Arc<DnsReply>, NetError> {
        self.session.ask_server(&self.server, self.ip, &query).await
    }

    fn query(&self, rtype: RecordType) -> DnsQuery {
        DnsQuery::new(self.zone.clone(), rtype)
    }

    async fn ask(self, signed: bool, first: bool) -> Asked {
        let over_tcp = DnsQuery {
            tcp: true,
            ..self.query(RecordType::NS)
        };
        let (soa, ns_tcp) =
            tokio::join!(self.send(self.query(RecordType::SOA)), self.send(over_tcp));
        let mut asked = Asked {
            server: self.server.clone(),
            ip: self.ip,
            soa,
            plain: false,
            any_source: None,
            ns_tcp,
            ns_udp: None,
            dnskey: None,
            cds: None,
            cdnskey: None,
            version1: None,
            mixed: None,
            aaaa: None,
            root: None,
            absent: None,
            ptr: None,
            recursion: None,
            transfer: None,
            nsid: None,
            version: None,
        };
        self.without_edns(&mut asked).await;
        self.ask_any_source(&mut asked).await;
        if asked.soa_reply().is_some() && self.session.level() >= Level::Intrusive {
            self.intrusive(&mut asked).await;
        }
        if asked.serves(self.zone) == Some(true) && asked.soa.is_ok() {
            self.zone_questions(&mut asked, signed, first).await;
        }
        let reverse = name_text(&Name::from(self.ip));
        asked.ptr = Some(self.session.lookup(&reverse, RecordType::PTR).await);
        asked
    }

    /// A server from before EDNS is asked plainly (RFC 6891 section 7).
    async fn without_edns(&self, asked: &mut Asked) {
        let refused = asked.soa.as_ref().is_ok_and(|reply| {
            // FORMERR, NOTIMP and BADVERS.
            let code = u16::from(reply.message.metadata.response_code);
            matches!(code, 1 | 4 | 16)
        });
        if refused {
            let query = DnsQuery {
                edns: None,
                ..self.query(RecordType::SOA)
            };
            if let Ok(reply) = self.send(query).await {
                asked.soa = Ok(reply);
                asked.plain = true;
            }
        }
    }

    /// Where TCP works and UDP is silent, the answer may come from another address.
    async fn ask_any_source(&self, asked: &mut Asked) {
        let silent = matches!(&asked.soa, Err(error) if error.reason == GapReason::Timeout);
        if silent && asked.ns_tcp.is_ok() {
            let query = DnsQuery {
                any_source: true,
                ..self.query(RecordType::SOA)
            };
            asked.any_source = Some(self.send(query).await);
        }
    }

    async fn zone_questions(&self, asked: &mut Asked, signed: bool, first: bool) {
        let signed = signed || asked.soa_reply().is_some_and(has_signature);
        let plain = asked.plain;
        let when = async |yes: bool, query: DnsQuery| match yes {
            true => Some(self.send(query).await),
            false => None,
        };
        let edns = if plain { None } else { Some(0) };
        let simple = |rtype| DnsQuery {
            edns,
            ..self.query(rtype)
        };
        let version1 = DnsQuery {
            edns: Some(1),
            ..self.query(RecordType::SOA)
        };
        let mixed = DnsQuery {
            name: mixed_case(self.zone),
            mixed_case: true,
            extras: Extras::Unknown,
            ..simple(RecordType::AAAA)
        };
        let root = DnsQuery {
            name: Name::root(),
            ..simple(RecordType::NS)
        };
        let no_tcp = asked.ns_tcp.is_err();
        (
            asked.ns_udp,
            asked.dnskey,
            asked.version1,
            asked.mixed,
            asked.root,
            asked.cds,
        ) = tokio::join!(
            when(no_tcp, simple(RecordType::NS)),
            when(signed, simple(RecordType::DNSKEY)),
            when(!plain, version1),
            when(true, mixed),
            when(true, root),
            when(signed, simple(RecordType::CDS)),
        );
        let answered = known(&asked.mixed)
            .is_some_and(|reply| reply.message.metadata.response_code == ResponseCode::NoError);
        let cds = known(&asked.cds).is_some_and(|reply| !reply.message.answers.is_empty());
        let negative =
            |reply: &Reply| known(reply).is_some_and(|reply| reply.message.answers.is_empty());
        let unproven = signed && !negative(&asked.mixed) && !negative(&asked.cds);
        (asked.aaaa, asked.cdnskey, asked.absent) = tokio::join!(
            when(!answered, simple(RecordType::AAAA)),
            when(signed && (first || cds), simple(RecordType::CDNSKEY)),
            when(unproven, simple(UNUSED)),
        );
    }

    /// What only those may ask who were given leave.
    async fn intrusive(&self, asked: &mut Asked) {
        // A name that every root answers or denies, and no zone of an office holds.
        let elsewhere = Name::from_ascii("a.root-servers.net.").unwrap_or_else(|_| Name::root());
        let recursion = DnsQuery {
            recursion: true,
            ..DnsQuery::new(elsewhere, RecordType::A)
        };
        let transfer = DnsQuery {
            tcp: true,
            edns: None,
            ..self.query(RecordType::AXFR)
        };
        let nsid = DnsQuery {
            extras: Extras::Nsid,
            ..self.query(RecordType::SOA)
        };
        let bind = Name::from_ascii("version.bind.").unwrap_or_else(|_| Name::root());
        let version = DnsQuery {
            class: DNSClass::CH,
            edns: None,
            ..DnsQuery::new(bind, RecordType::TXT)
        };
        let (recursion, transfer, nsid, version) = tokio::join!(
            self.send(recursion),
            self.send(transfer),
            self.send(nsid),
            self.send(version)
        );
        asked.recursion = Some(recursion);
        asked.transfer = Some(transfer);
        asked.nsid = Some(nsid);
        asked.version = Some(version);
    }
}

/// A type for private use (RFC 6895 section 3.1), which no zone has.
pub(super) const UNUSED: RecordType = RecordType::Unknown(65_400);

/// Whether an answer carries a signature.
fn has_signature(reply: &DnsReply) -> bool {
    reply
        .message
        .answers
        .iter()
        .any(|record| record.record_type() == RecordType::RRSIG)
}

/// The name with every second letter in upper case.
fn mixed_case(name: &Name) -> Name {
    let mut upper = false;
    let labels: Vec<Vec<u8>> = name
        .iter()
        .map(|label| {
            label
                .iter()
                .map(|byte| {
                    upper ^= byte.is_ascii_alphabetic();
                    match upper {
                        true => byte.to_ascii_uppercase(),
                        false => byte.to_ascii_lowercase(),
                    }
                })
                .collect()
        })
        .collect();
    let mut mixed =
        Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap_or_else(|_| name.clone());
    mixed.set_fqdn(true);
    mixed
}

/// Text of a TXT answer.
pub(super) fn first_text(reply: &DnsReply) -> Option<Vec<u8>> {
    reply
        .message
        .answers
        .iter()
        .find_map(|record| match &record.data {
            RData::TXT(txt) => Some(txt.txt_data.concat()),
            _ => None,
        })
}
