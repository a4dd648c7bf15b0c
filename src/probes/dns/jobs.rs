//! The questions of the DNS probe.

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use super::{
    parents::{self, Parents},
    registration::{self, Registered},
    servers::{self, Asked},
    targets::{self, Below},
    validate::{self, Collected},
};
use crate::{
    model::level::Level,
    net::{Answer, NetError, RecordType, Session, Stands, name_text, parse_name},
};

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
    /// How the name at the end of the aliases stands; `None` without aliases.
    pub(super) end: Option<Result<Stands, NetError>>,
    /// SRV records and wildcards; `None` below level standard.
    pub(super) below: Option<Below>,
    /// The registration of the domain.
    pub(super) registered: Registered,
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
    pub(super) servers: Vec<Server>,
    /// How the names of the servers stand, in the same order.
    pub(super) stands: Vec<Result<Stands, NetError>>,
    /// Whether there are more name servers than were asked about.
    pub(super) more_servers: bool,
    /// What the zone above hands out; `None` below level standard.
    pub(super) parents: Option<Result<Parents, NetError>>,
    /// What each server said itself; `None` below level standard.
    pub(super) asked: Option<Vec<Asked>>,
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
    let below = async {
        match session.level() >= Level::Standard {
            true => Some(targets::ask(session, name).await),
            false => None,
        }
    };
    let (a, aaaa, txt, zone, caa, below, registered) = tokio::join!(
        session.lookup(name, RecordType::A),
        session.lookup(name, RecordType::AAAA),
        session.lookup(name, RecordType::TXT),
        zone(session, name),
        caa(session, name),
        below,
        registration::ask(session, name),
    );
    let aliased = [&a, &aaaa]
        .into_iter()
        .flatten()
        .any(|answer| !answer.aliases.is_empty());
    let end = match aliased {
        true => Some(session.standing_of(&[a.clone(), aaaa.clone()]).await),
        false => None,
    };
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
        end,
        below,
        registered,
    }
}

/// The name and all names above it, without the root.
pub(super) fn climb(name: &str) -> impl Iterator<Item = &str> {
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
    let direct = session.level() >= Level::Standard;
    let parents = async {
        match direct {
            true => Some(parents::ask(session, &zone).await),
            false => None,
        }
    };
    let (ds, dnskey, chain, parents, (ns, own)) = tokio::join!(
        session.lookup_unvalidated(&zone, RecordType::DS),
        session.lookup_unvalidated(&zone, RecordType::DNSKEY),
        validate::chain(session, &zone),
        parents,
        own_servers(session, &zone),
    );
    let Own {
        mut servers,
        mut asked,
        more_servers,
    } = own;
    if let (Some(asked), Some(Ok(parents))) = (&mut asked, &parents) {
        // The parent may send resolvers to servers that the zone does not name.
        let handed = parents.servers(&zone);
        let known = |server: &str| servers.iter().any(|(name, _, _)| name == server);
        let others: Vec<String> = handed
            .keys()
            .filter(|server| !known(server.as_str()))
            .take(SERVERS_MAX)
            .cloned()
            .collect();
        let others = addresses(session, others).await;
        let mut wanted = of(&others);
        wanted.extend(
            handed
                .iter()
                .flat_map(|(server, glue)| glue.iter().map(|ip| (server.clone(), *ip))),
        );
        wanted.retain(|(server, ip)| {
            !asked
                .iter()
                .any(|one| one.ip == *ip && one.server == *server)
        });
        let more = ask_servers(session, &zone, wanted, asked.len()).await;
        asked.extend(more);
        asked.sort_by(|a, b| (&a.server, a.ip).cmp(&(&b.server, b.ip)));
        servers.extend(others);
        servers.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let dnskey = keys_of_any(&zone, dnskey, asked.as_deref().unwrap_or_default());
    let stands = join_all(
        servers
            .iter()
            .map(async |(_, a, aaaa)| session.standing_of(&[a.clone(), aaaa.clone()]).await),
    )
    .await;
    let collected = validate::collect(session, chain, name, asked.as_deref()).await;
    Ok(Some(Zone {
        name: zone,
        soa,
        ns,
        ds,
        dnskey,
        collected,
        servers,
        stands,
        more_servers,
        parents,
        asked,
    }))
}

/// The zone's keys as the resolver has them or, where it met a server without any, as
/// another server of the zone has them: which one a resolver meets is chance.
fn keys_of_any(zone: &str, resolver: Lookup, asked: &[Asked]) -> Lookup {
    let found = resolver
        .as_ref()
        .is_ok_and(|answer| answer.data().next().is_some());
    let Ok(name) = parse_name(zone) else {
        return resolver;
    };
    if found {
        return resolver;
    }
    asked
        .iter()
        .filter(|one| one.serves(&name) == Some(true))
        .filter_map(|one| one.dnskey.as_ref()?.as_ref().ok())
        .filter_map(|reply| {
            Answer::from_message(&name, RecordType::DNSKEY, reply.message.clone()).ok()
        })
        .find(|answer| answer.data().next().is_some())
        .map_or(resolver, |answer| Ok(Arc::new(answer)))
}

/// A name server with its A and AAAA records.
pub(super) type Server = (String, Lookup, Lookup);

/// The servers that the zone names.
struct Own {
    servers: Vec<Server>,
    asked: Option<Vec<Asked>>,
    more_servers: bool,
}

async fn own_servers(session: &Session, zone: &str) -> (Lookup, Own) {
    let ns = session.lookup(zone, RecordType::NS).await;
    let mut names = ns
        .as_ref()
        .map(|answer| server_names(answer))
        .unwrap_or_default();
    let more_servers = names.len() > SERVERS_MAX;
    names.truncate(SERVERS_MAX);
    let servers = addresses(session, names).await;
    let asked = match session.level() >= Level::Standard {
        true => Some(ask_servers(session, zone, of(&servers), 0).await),
        false => None,
    };
    let own = Own {
        servers,
        asked,
        more_servers,
    };
    (ns, own)
}

async fn addresses(session: &Session, names: Vec<String>) -> Vec<Server> {
    join_all(names.into_iter().map(async |server| {
        let (a, aaaa) = tokio::join!(
            session.lookup(&server, RecordType::A),
            session.lookup(&server, RecordType::AAAA)
        );
        (server, a, aaaa)
    }))
    .await
}

/// Each server with each of its addresses.
fn of(servers: &[Server]) -> Vec<(String, IpAddr)> {
    let all = servers.iter().flat_map(|(server, a, aaaa)| {
        let found = [a, aaaa].into_iter().flatten();
        found
            .flat_map(|answer| answer.ips())
            .map(|ip| (server.clone(), ip))
    });
    all.collect()
}

/// Asks addresses of name servers, beside so many that were asked before.
async fn ask_servers(
    session: &Session,
    zone: &str,
    mut wanted: Vec<(String, IpAddr)>,
    before: usize,
) -> Vec<Asked> {
    let Ok(name) = parse_name(zone) else {
        return Vec::new();
    };
    wanted.truncate(servers::ADDRESSES_MAX.saturating_sub(before));
    let keys = session.lookup_unchecked(zone, RecordType::DNSKEY).await;
    let signed = keys.is_ok_and(|reply| {
        let mut records = reply.message.answers.iter();
        records.any(|record| record.record_type() == RecordType::DNSKEY)
    });
    servers::ask(session, &name, wanted, signed).await
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
