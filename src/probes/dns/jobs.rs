//! The questions of the DNS probe.

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use super::validate::{self, Collected};
use crate::net::{Answer, NetError, RecordType, Session, name_text};

/// Most names on the way up to the top of a zone or to a CAA set.
pub(super) const CLIMB_MAX: usize = 20;
/// Most name servers of which addresses are asked for.
pub(super) const SERVERS_MAX: usize = 20;

pub(super) type Lookup = Result<Arc<Answer>, NetError>;

/// What the resolver answered about a name.
pub(super) struct Answers {
    pub(super) name: String,
    pub(super) a: Lookup,
    pub(super) aaaa: Lookup,
    /// Asked for only when neither addresses nor their aliases were seen.
    pub(super) cname: Option<Lookup>,
    pub(super) txt: Lookup,
    /// The zone; `None` when none but a top-level domain answers for the name.
    pub(super) zone: Result<Option<Zone>, NetError>,
    /// The first CAA set on the way up.
    pub(super) caa: Result<CaaFound, NetError>,
    /// Addresses for documentation that stand for public ones.
    pub(super) stand_ins: BTreeSet<IpAddr>,
}

/// What the resolver answered about a zone.
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) soa: Lookup,
    pub(super) ns: Lookup,
    pub(super) ds: Lookup,
    pub(super) dnskey: Lookup,
    /// What the validation needs.
    pub(super) collected: Collected,
    /// Name servers in the order of their names, with A and AAAA.
    pub(super) servers: Vec<(String, Lookup, Lookup)>,
    /// Whether there are more name servers than were asked about.
    pub(super) more_servers: bool,
}

/// The way up to a CAA set.
pub(super) struct CaaFound {
    /// The name and the answer with the set, if there is one.
    pub(super) set: Option<(String, Arc<Answer>)>,
    /// The first name asked, for evidence of absence.
    pub(super) first: Arc<Answer>,
}

/// Asks all questions about a name.
pub(super) async fn ask(session: &Session, name: &str) -> Answers {
    let (a, aaaa, txt, zone, caa) = tokio::join!(
        session.lookup(name, RecordType::A),
        session.lookup(name, RecordType::AAAA),
        session.lookup(name, RecordType::TXT),
        zone(session, name),
        caa(session, name),
    );
    let cname = match (&a, &aaaa) {
        (Err(_), Err(_)) => Some(session.lookup(name, RecordType::CNAME).await),
        _ => None,
    };
    let seen = [&a, &aaaa].into_iter().flatten();
    let stand_ins = seen
        .flat_map(|answer| answer.ips())
        .filter(|ip| session.stands_in(name, *ip))
        .collect();
    Answers {
        name: name.to_owned(),
        stand_ins,
        a,
        aaaa,
        cname,
        txt,
        zone,
        caa,
    }
}

/// The name and all names above it, without the root.
fn climb(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| {
        name.split_once('.').map(|(_, parent)| parent)
    })
    .filter(|name| !name.is_empty())
    .take(CLIMB_MAX)
}

async fn zone(session: &Session, name: &str) -> Result<Option<Zone>, NetError> {
    let Some((zone, soa)) = zone_cut(session, name).await? else {
        return Ok(None);
    };
    let (ns, ds, dnskey, collected) = tokio::join!(
        session.lookup(&zone, RecordType::NS),
        session.lookup_unvalidated(&zone, RecordType::DS),
        session.lookup_unvalidated(&zone, RecordType::DNSKEY),
        validate::collect(session, &zone, name),
    );
    let mut names = ns
        .as_ref()
        .map(|answer| server_names(answer))
        .unwrap_or_default();
    let more_servers = names.len() > SERVERS_MAX;
    names.truncate(SERVERS_MAX);
    let servers = join_all(names.into_iter().map(async |server| {
        let (a, aaaa) = tokio::join!(
            session.lookup(&server, RecordType::A),
            session.lookup(&server, RecordType::AAAA)
        );
        (server, a, aaaa)
    }))
    .await;
    Ok(Some(Zone {
        name: zone,
        soa,
        ns,
        ds,
        dnskey,
        collected,
        servers,
        more_servers,
    }))
}

/// The zone that a name lies in, with its SOA record: the SOA record at the
/// name, else the one that a negative answer shows, else on the way up.
/// A top-level domain is not a zone of the user's.
async fn zone_cut(session: &Session, name: &str) -> Result<Option<(String, Lookup)>, NetError> {
    for at in climb(name).filter(|at| at.contains('.')) {
        let answer = session.lookup(at, RecordType::SOA).await?;
        // Behind an alias stands the SOA record of another zone.
        if !answer.aliases.is_empty() {
            continue;
        }
        if !answer.records.is_empty() {
            return Ok(Some((at.to_owned(), Ok(answer))));
        }
        let Some(zone) = answer.authority_zone() else {
            continue;
        };
        let above = at
            .strip_suffix(zone.as_str())
            .is_some_and(|rest| rest.ends_with('.'));
        if !above {
            continue;
        }
        if !zone.contains('.') {
            return Ok(None);
        }
        let soa = session.lookup(&zone, RecordType::SOA).await;
        return Ok(Some((zone, soa)));
    }
    Ok(None)
}

/// The CAA set that governs a name: that of the closest name with one, the
/// name itself first (RFC 8659 section 3).
async fn caa(session: &Session, name: &str) -> Result<CaaFound, NetError> {
    let first = session.lookup(name, RecordType::CAA).await?;
    for at in climb(name) {
        let answer = session.lookup(at, RecordType::CAA).await?;
        if !answer.records.is_empty() {
            return Ok(CaaFound {
                set: Some((at.to_owned(), answer)),
                first,
            });
        }
    }
    Ok(CaaFound { set: None, first })
}

/// Names of the name servers in an answer, sorted.
pub(super) fn server_names(answer: &Answer) -> Vec<String> {
    let mut names: Vec<String> = answer
        .data()
        .filter_map(|data| match data {
            RData::NS(name) => Some(name_text(&name.0)),
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    names
}
