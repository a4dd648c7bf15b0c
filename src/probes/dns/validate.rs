//! DNSSEC of the target's zone, validated from the root's trust anchors down.
//! The resolver only hands out the records: what they prove is judged here.

use futures_util::future::join_all;
use hickory_proto::{
    dnssec::rdata::{DNSKEY, DNSSECRData, DS},
    op::ResponseCode,
    rr::{Name, RData, Record, RecordType},
};
use jiff::Timestamp;
use std::sync::Arc;

use super::{
    facts::{ChainLink, Denial, DenialKind, DnssecStatus, SignatureTimes, Validation},
    keys::algorithm_name,
    servers::{Asked, UNUSED},
};
use crate::{
    model::{
        gap::{Gap, GapReason},
        seen::Seen,
    },
    net::{DnsReply, NetError, Session, name_text, parse_name},
    wire::dnssec::{
        AnswerFault, Link, Question, Reason, Sections, Status, Step, Validated, signatures, walk,
    },
};

/// Most signatures that are kept.
const SIGNATURES_MAX: usize = 40;

type Reply = Result<Arc<DnsReply>, NetError>;

/// Answers about the names from the root down to a zone, through the resolver.
pub(super) struct ChainAnswers {
    zone: String,
    anchors: Vec<DS>,
    root: Reply,
    /// Names below the root down to the zone, with their DS and DNSKEY records.
    steps: Vec<(String, Reply, Reply)>,
}

/// What was collected for the validation.
pub(super) struct Collected {
    chain: ChainAnswers,
    /// Who speaks for the zone: each server that answered, or else the resolver.
    sources: Vec<Source>,
}

/// What one source says of the zone.
struct Source {
    /// The zone's keys; `None` where the resolver's answer stands.
    dnskey: Option<Reply>,
    /// Records of the zone itself: name, type, answer.
    own: Vec<(String, RecordType, Reply)>,
}

/// Types of the zone's own records that are validated. CDS shows how absence is proven.
const APEX: [RecordType; 3] = [RecordType::SOA, RecordType::NS, RecordType::CDS];

/// Asks for DS and DNSKEY records of a zone and all zones above it.
pub(super) async fn chain(session: &Session, zone: &str) -> ChainAnswers {
    let mut names: Vec<&str> = std::iter::successors(Some(zone), |name| {
        name.split_once('.').map(|(_, parent)| parent)
    })
    .collect();
    names.reverse();
    let steps = join_all(names.into_iter().map(async |name| {
        let (ds, dnskey) = tokio::join!(
            session.lookup_unchecked(name, RecordType::DS),
            session.lookup_unchecked(name, RecordType::DNSKEY),
        );
        (name.to_owned(), ds, dnskey)
    }));
    let root = session.lookup_unchecked(".", RecordType::DNSKEY);
    let (root, steps) = tokio::join!(root, steps);
    ChainAnswers {
        zone: zone.to_owned(),
        anchors: session.trust_anchors(),
        root,
        steps,
    }
}

/// Takes what the zone's servers said of it, and asks the resolver for the rest:
/// the addresses of the target, and all of it where no server answered.
pub(super) async fn collect(
    session: &Session,
    chain: ChainAnswers,
    name: &str,
    asked: Option<&[Asked]>,
) -> Collected {
    let zone = chain.zone.clone();
    // Only a zone that is signed and delegated has anything more to validate.
    let own_keys = |one: &Asked| {
        one.dnskey
            .as_ref()
            .is_some_and(|reply| has(reply, RecordType::DNSKEY))
    };
    let signed = chain.steps.last().is_some_and(|(_, ds, dnskey)| {
        has(ds, RecordType::DS)
            && (has(dnskey, RecordType::DNSKEY) || asked.unwrap_or_default().iter().any(own_keys))
    });
    if !signed {
        let sources = vec![Source {
            dnskey: None,
            own: Vec::new(),
        }];
        return Collected { chain, sources };
    }
    let ask = async |name: &str, rtype: RecordType| {
        let reply = session.lookup_unchecked(name, rtype).await;
        (name.to_owned(), rtype, reply)
    };
    let (a, aaaa) = tokio::join!(ask(name, RecordType::A), ask(name, RecordType::AAAA));
    let mut sources: Vec<Source> = asked
        .unwrap_or_default()
        .iter()
        .filter_map(|asked| Source::of(&zone, asked))
        .collect();
    if sources.is_empty() {
        sources.push(Source {
            dnskey: None,
            own: join_all(APEX.map(|rtype| ask(&zone, rtype))).await,
        });
    }
    for source in &mut sources {
        source.own.extend([a.clone(), aaaa.clone()]);
    }
    Collected { chain, sources }
}

impl Source {
    /// What one server said, if it serves the zone.
    fn of(zone: &str, asked: &Asked) -> Option<Self> {
        let name = parse_name(zone).ok()?;
        if asked.serves(&name) != Some(true) {
            return None;
        }
        let dnskey = asked.dnskey.clone().filter(Result::is_ok)?;
        let ns = match (&asked.ns_tcp, &asked.ns_udp) {
            (Ok(reply), _) | (_, Some(Ok(reply))) => Ok(Arc::clone(reply)),
            (Err(error), _) => Err(error.clone()),
        };
        let cds = asked.cds.clone().map(|reply| (RecordType::CDS, reply));
        let absent = asked.absent.clone().map(|reply| (UNUSED, reply));
        let own = [(RecordType::SOA, asked.soa.clone()), (RecordType::NS, ns)];
        let own = own.into_iter().chain(cds).chain(absent);
        Some(Self {
            dnskey: Some(dnskey),
            own: own
                .map(|(rtype, reply)| (zone.to_owned(), rtype, reply))
                .collect(),
        })
    }
}

/// The facts, the gaps below or in place of them, and the zone's keys where they are proven.
pub(super) type Outcome = (Seen<Validation>, Vec<Gap>, Option<Vec<DNSKEY>>);

/// A break: what kind, why, and at which records.
struct Break {
    status: DnssecStatus,
    reason: String,
    at: String,
}

/// What the zone's own records show.
#[derive(Default)]
struct Own {
    broken: Option<Break>,
    signatures: Vec<SignatureTimes>,
    denial: Option<Denial>,
    gaps: Vec<Gap>,
}

/// Times in DNSSEC are seconds since 1970, modulo 2^32 (RFC 4034 section 3.1.5).
pub(super) fn seconds(now: Timestamp) -> u32 {
    u32::try_from(now.as_second().rem_euclid(1 << 32)).unwrap_or(0)
}

/// Validates what was collected, at `now`. A resolver that meets a server whose
/// answers do not hold asks the next: the zone stands as its best server makes it stand.
pub(super) fn validate(collected: &Collected, now: Timestamp) -> Outcome {
    let mut first = None;
    for source in &collected.sources {
        let outcome = collected.chain.validate(source, seconds(now));
        let secure = outcome
            .0
            .known()
            .is_some_and(|validation| validation.status == DnssecStatus::Secure);
        if secure {
            return outcome;
        }
        first.get_or_insert(outcome);
    }
    first.unwrap_or_else(|| unknown(&NetError::new(GapReason::Internal, "nobody was asked")))
}

impl ChainAnswers {
    fn validate(&self, source: &Source, seconds: u32) -> Outcome {
        let names: Result<Vec<Name>, NetError> = self
            .steps
            .iter()
            .map(|(name, _, _)| parse_name(name))
            .collect();
        let (names, zone) = match (names, parse_name(&self.zone)) {
            (Ok(names), Ok(zone)) => (names, zone),
            (Err(error), _) | (_, Err(error)) => return unknown(&error),
        };
        let last = self.steps.len().saturating_sub(1);
        let steps: Vec<Step<'_>> = self
            .steps
            .iter()
            .zip(&names)
            .enumerate()
            .map(|(index, ((_, ds, dnskey), name))| Step {
                name,
                ds: sections(ds),
                dnskey: match &source.dnskey {
                    Some(own) if index == last => sections(own),
                    _ => sections(dnskey),
                },
            })
            .collect();
        let chain = walk(&self.anchors, sections(&self.root), &steps, seconds);
        let last = chain.links.last();
        let broken = |status, reason: Reason| Break {
            status,
            reason: reason.code().to_owned(),
            at: format!(
                "{} {}",
                last.map(|link| name_text(&link.zone)).unwrap_or_default(),
                reason.at()
            ),
        };
        let mut proven = None;
        let own = match chain.status() {
            Status::Secure => {
                proven = Some(chain.keys.iter().map(|key| (*key).clone()).collect());
                match self.own(source, &zone, &chain.keys, seconds) {
                    Ok(own) => own,
                    Err(error) => return unknown(&error),
                }
            }
            Status::Insecure(reason) => Own {
                broken: Some(broken(DnssecStatus::Insecure, reason)),
                ..Own::default()
            },
            Status::Bogus(reason) => Own {
                broken: Some(broken(DnssecStatus::Bogus, reason)),
                ..Own::default()
            },
            Status::Indeterminate(reason) => return unknown(&self.why_unknown(reason)),
        };
        let (status, reason, broken_at) = match own.broken {
            None => (DnssecStatus::Secure, None, None),
            Some(broken) => (broken.status, Some(broken.reason), Some(broken.at)),
        };
        let validation = Validation {
            status,
            reason,
            broken_at,
            chain: chain.links.iter().filter_map(link).collect(),
            signatures: own.signatures,
            denial: own.denial,
        };
        (Seen::Known(validation), own.gaps, proven)
    }
}

fn unknown(error: &NetError) -> Outcome {
    (
        Seen::Unseen,
        vec![error.gap("/dns/dnssec/validation")],
        None,
    )
}

fn link(link: &Link) -> Option<ChainLink> {
    let (status, reason) = match link.status {
        Status::Secure => (DnssecStatus::Secure, None),
        Status::Insecure(reason) => (DnssecStatus::Insecure, Some(reason)),
        Status::Bogus(reason) => (DnssecStatus::Bogus, Some(reason)),
        Status::Indeterminate(_) => return None,
    };
    Some(ChainLink {
        zone: name_text(&link.zone),
        status,
        reason: reason.map(|reason| reason.code().to_owned()),
    })
}

impl ChainAnswers {
    /// Why the chain cannot be told: the first answer that is missing.
    fn why_unknown(&self, reason: Reason) -> NetError {
        let all = self.steps.iter().flat_map(|(_, ds, dnskey)| [ds, dnskey]);
        std::iter::once(&self.root)
            .chain(all)
            .find_map(|reply| reply.as_ref().err().cloned())
            .unwrap_or_else(|| {
                let detail = format!(
                    "{}: the root that the resolver knows has no key that is trusted; \
                     name one that is with --trust-anchor",
                    reason.code()
                );
                NetError::new(GapReason::NotAsked, detail)
            })
    }

    /// Validates the zone's own records.
    ///
    /// # Errors
    /// When the zone's SOA record could not be had.
    fn own(
        &self,
        source: &Source,
        zone: &Name,
        keys: &[&DNSKEY],
        now: u32,
    ) -> Result<Own, NetError> {
        let mut own = Own::default();
        let through_resolver = self.steps.last().map(|(_, _, dnskey)| dnskey);
        if let Some(Ok(dnskey)) = source.dnskey.as_ref().or(through_resolver) {
            own.note(&dnskey.message.answers, zone, keys, now);
        }
        for (name, rtype, reply) in &source.own {
            let message = match reply {
                Ok(reply) => &reply.message,
                Err(error) if *rtype == RecordType::SOA => return Err(error.clone()),
                Err(error) => {
                    own.gaps
                        .push(error.gap("/dns/dnssec/validation/signatures/-"));
                    continue;
                }
            };
            let owner = parse_name(name)?;
            let question = Question {
                zone,
                keys,
                name: &owner,
                rtype: *rtype,
                now,
            };
            let exists = message.metadata.response_code != ResponseCode::NXDomain;
            own.note(&message.answers, zone, keys, now);
            match question.validate(&message.answers, &message.authorities, exists) {
                Ok(Validated::NoData(_) | Validated::NoName(_)) => {
                    own.note(&message.authorities, zone, keys, now);
                    own.denial = own.denial.or_else(|| denial_of(&message.authorities));
                }
                // The records at the end of an alias are of other zones. The zone itself
                // is signed, also where it opts out names below it.
                Ok(Validated::Present(_) | Validated::OptedOut(_) | Validated::Alias(_)) => {}
                Err(fault) => {
                    let at = match fault {
                        AnswerFault::Signature(covered, _) => covered,
                        AnswerFault::Denial(_) => *rtype,
                    };
                    own.broken.get_or_insert(Break {
                        status: DnssecStatus::Bogus,
                        reason: fault.code().to_owned(),
                        at: format!("{name} {at}"),
                    });
                }
            }
        }
        own.sort();
        Ok(own)
    }
}

impl Own {
    /// Takes down the times of the signatures that hold.
    fn note(&mut self, records: &[Record], zone: &Name, keys: &[&DNSKEY], now: u32) {
        for (rtype, verified) in signatures(records, zone, keys, now) {
            self.signatures.push(SignatureTimes {
                key: format!("{rtype}/{}/{}", verified.key_tag, verified.algorithm),
                covered: rtype.to_string(),
                key_tag: verified.key_tag,
                algorithm: algorithm_name(verified.algorithm),
                inception: time(verified.inception, now),
                expiration: time(verified.expiration, now),
            });
        }
    }

    fn sort(&mut self) {
        self.signatures
            .sort_by(|a, b| (&a.key, a.expiration).cmp(&(&b.key, b.expiration)));
        self.signatures.dedup_by(|b, a| a.key == b.key);
        if self.signatures.len() > SIGNATURES_MAX {
            self.signatures.truncate(SIGNATURES_MAX);
            let gap = NetError::new(GapReason::TooLarge, "more signatures than are kept");
            self.gaps
                .push(gap.gap("/dns/dnssec/validation/signatures/-"));
        }
    }
}

/// How a zone proves absence, as its NSEC or NSEC3 records show.
pub(super) fn denial_of(authority: &[Record]) -> Option<Denial> {
    authority.iter().find_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(_)) => Some(Denial {
            kind: DenialKind::Nsec,
            iterations: 0,
            salt_octets: 0,
            opt_out: false,
        }),
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => Some(Denial {
            kind: DenialKind::Nsec3,
            iterations: nsec3.iterations(),
            salt_octets: u8::try_from(nsec3.salt().len()).unwrap_or(u8::MAX),
            opt_out: nsec3.opt_out(),
        }),
        _ => None,
    })
}

fn sections(reply: &Reply) -> Option<Sections<'_>> {
    let message = &reply.as_ref().ok()?.message;
    Some(Sections {
        answers: &message.answers,
        authority: &message.authorities,
        exists: message.metadata.response_code != ResponseCode::NXDomain,
    })
}

fn has(reply: &Reply, rtype: RecordType) -> bool {
    reply.as_ref().is_ok_and(|reply| {
        reply
            .message
            .answers
            .iter()
            .any(|r| r.record_type() == rtype)
    })
}

/// A time of a signature as a moment: the one closest to `now`.
fn time(seconds: u32, now: u32) -> Timestamp {
    let offset = i64::from(seconds.wrapping_sub(now).cast_signed());
    Timestamp::from_second(i64::from(now) + offset).unwrap_or(Timestamp::UNIX_EPOCH)
}
