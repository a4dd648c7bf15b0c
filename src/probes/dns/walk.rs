//! Follows referrals from the root, as a resolver does, and keeps who led where
//! (RFC 1034 section 5.3.3). Every step asks one server; what all servers of the
//! last zone hand out is asked elsewhere.

use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, RecordType},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::sleep;

use super::server_facts::PathStep;
use crate::{
    model::gap::GapReason,
    net::{DnsQuery, DnsReply, NetError, Session, name_text},
};

/// Most referrals on the way to one name.
const REFERRALS_MAX: usize = 24;
/// How many servers may hang on the addresses of each other.
const DEPTH_MAX: usize = 4;
/// Most questions of one walk, those for addresses of servers included.
pub(super) const QUESTIONS_MAX: u32 = 100;
/// Most servers of a zone that are tried for one step.
const TRIES: usize = 4;
/// After this silence the next server is asked beside the first.
const HEDGE: Duration = Duration::from_millis(500);
/// Most servers of a zone that are kept.
const SERVERS_MAX: usize = 26;
/// Servers without an address of which one is looked up, when no other has one.
const GLUELESS_MAX: usize = 3;

/// Name servers with their addresses.
pub(super) type Servers = Vec<(String, Vec<IpAddr>)>;

/// The zone above a zone, as the referrals led there.
pub(super) struct Above {
    /// Name of the zone.
    pub(super) zone: String,
    /// Its servers.
    pub(super) servers: Servers,
    /// The zones on the way and who led on.
    pub(super) path: Vec<PathStep>,
}

/// One walk: its budget, and where it begins.
pub(super) struct Walk<'a> {
    session: &'a Session,
    roots: Servers,
    asked: AtomicU32,
}

/// What a server said on the way to a name.
enum Said {
    /// Others know: a zone further down and its servers, with addresses where they came along.
    Referral(Name, BTreeMap<String, Vec<IpAddr>>),
    /// The server's own answer.
    Answer,
}

/// Where a walk came to.
struct Arrival {
    zone: Name,
    servers: Servers,
    path: Vec<PathStep>,
    /// The server that spoke last.
    by: (String, IpAddr),
    reply: Arc<DnsReply>,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<'a> Walk<'a> {
    /// A walk from these servers of the root.
    pub(super) fn new(session: &'a Session, roots: Servers) -> Self {
        Self {
            session,
            roots,
            asked: AtomicU32::new(0),
        }
    }

    /// The zone above `zone`, whose servers hand it out.
    ///
    /// # Errors
    /// When no server led on, or they lead in a circle or too far.
    pub(super) async fn above(&self, zone: &Name) -> Result<Above, NetError> {
        let mut end = self.follow(zone, RecordType::NS, Some(zone), &[]).await?;
        // A server of several zones skips those between: who speaks for the name above?
        let mut names = zone.base_name();
        while end.zone.num_labels() < names.num_labels() {
            let reply = self
                .ask(&end.by.0, end.by.1, &names, RecordType::SOA)
                .await?;
            let own = reply
                .message
                .answers
                .iter()
                .any(|record| record.record_type() == RecordType::SOA && record.name == names);
            if own && reply.message.metadata.authoritative {
                end.zone = names;
                break;
            }
            names = names.base_name();
        }
        Ok(Above {
            zone: name_text(&end.zone),
            servers: end.servers,
            path: end.path,
        })
    }

    /// Follows referrals to the server that answers, or that refers to `stop`.
    /// `chain`: the servers' names that wait for this one's address.
    fn follow<'b>(
        &'b self,
        name: &'b Name,
        rtype: RecordType,
        stop: Option<&'b Name>,
        chain: &'b [Name],
    ) -> Boxed<'b, Result<Arrival, NetError>> {
        Box::pin(async move {
            let mut zone = Name::root();
            let mut servers = self.roots.clone();
            let mut path = Vec::new();
            for _ in 0..REFERRALS_MAX {
                let (by, reply) = self.ask_any(&zone, &servers, name, rtype).await?;
                path.push(PathStep {
                    zone: name_text(&zone),
                    server: by.0.clone(),
                    address: by.1.to_string(),
                });
                let arrived = |zone, servers, path, by, reply| Arrival {
                    zone,
                    servers,
                    path,
                    by,
                    reply,
                };
                match read(&reply.message, &zone, name)? {
                    Said::Referral(below, _) if Some(&below) == stop => {
                        return Ok(arrived(zone, servers, path, by, reply));
                    }
                    Said::Answer => return Ok(arrived(zone, servers, path, by, reply)),
                    Said::Referral(below, next) => {
                        servers = self.with_addresses(&below, next, chain).await?;
                        zone = below;
                    }
                }
            }
            Err(NetError::new(
                GapReason::Malformed,
                format!(
                    "more than {REFERRALS_MAX} referrals on the way to {}",
                    name_text(name)
                ),
            ))
        })
    }

    /// The servers of a zone with their addresses; those without are looked up
    /// where nobody else can be asked.
    async fn with_addresses(
        &self,
        zone: &Name,
        servers: BTreeMap<String, Vec<IpAddr>>,
        chain: &[Name],
    ) -> Result<Servers, NetError> {
        let any = servers.values().any(|addresses| !addresses.is_empty());
        let mut servers: Servers = servers.into_iter().take(SERVERS_MAX).collect();
        if any {
            servers.sort_by_key(|(_, addresses)| addresses.is_empty());
            return Ok(servers);
        }
        let mut last = NetError::new(
            GapReason::Unresolved,
            format!("no server of {} has an address", name_text(zone)),
        );
        let wanted = servers.iter_mut().take(GLUELESS_MAX);
        let found = join_all(wanted.map(async |(name, addresses)| {
            *addresses = self.addresses(name, chain).await?;
            Ok::<_, NetError>(())
        }))
        .await;
        for error in found.into_iter().filter_map(Result::err) {
            last = error;
        }
        servers.sort_by_key(|(_, addresses)| addresses.is_empty());
        match servers.first() {
            Some((_, addresses)) if !addresses.is_empty() => Ok(servers),
            _ => Err(last),
        }
    }

    /// Addresses of a name server, from the root.
    async fn addresses(&self, server: &str, chain: &[Name]) -> Result<Vec<IpAddr>, NetError> {
        let name = crate::net::parse_name(server)?;
        if chain.contains(&name) {
            let detail = format!("the addresses of name servers lead in a circle at {server}");
            return Err(NetError::new(GapReason::Malformed, detail));
        }
        if chain.len() >= DEPTH_MAX {
            let detail =
                format!("more than {DEPTH_MAX} name servers wait for each other's addresses");
            return Err(NetError::new(GapReason::TooLarge, detail));
        }
        let chain: Vec<Name> = chain.iter().chain([&name]).cloned().collect();
        let end = self.follow(&name, RecordType::A, None, &chain).await?;
        let mut found = ips(&end.reply.message, &name);
        if found.is_empty() {
            let reply = self
                .ask(&end.by.0, end.by.1, &name, RecordType::AAAA)
                .await?;
            found = ips(&reply.message, &name);
        }
        Ok(found)
    }

    /// Asks the servers of a zone one after the other until one is of use; a slow
    /// one is not waited for alone.
    async fn ask_any(
        &self,
        zone: &Name,
        servers: &Servers,
        name: &Name,
        rtype: RecordType,
    ) -> Result<((String, IpAddr), Arc<DnsReply>), NetError> {
        let all = servers
            .iter()
            .filter_map(|(server, ips)| Some((server, *ips.first()?)));
        let mut queue = all.take(TRIES);
        let mut pending = FuturesUnordered::new();
        let mut last = NetError::new(
            GapReason::Unresolved,
            format!("no server of {} has an address", name_text(zone)),
        );
        loop {
            if pending.is_empty() {
                match queue.next() {
                    Some((server, ip)) => pending.push(self.try_one(server, ip, name, rtype)),
                    None => return Err(last),
                }
            }
            tokio::select! {
                biased;
                Some(done) = pending.next() => match done {
                    Ok(found) => return Ok(found),
                    Err(error) => last = error,
                },
                () = sleep(HEDGE) => if let Some((server, ip)) = queue.next() {
                    pending.push(self.try_one(server, ip, name, rtype));
                },
            }
        }
    }

    async fn try_one(
        &self,
        server: &str,
        ip: IpAddr,
        name: &Name,
        rtype: RecordType,
    ) -> Result<((String, IpAddr), Arc<DnsReply>), NetError> {
        let reply = self.ask(server, ip, name, rtype).await?;
        let rcode = reply.message.metadata.response_code;
        if !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain) {
            let detail = format!("{server} ({ip}) answered {rcode} for {}", name_text(name));
            return Err(NetError::new(GapReason::Refused, detail));
        }
        Ok(((server.to_owned(), ip), reply))
    }

    async fn ask(
        &self,
        server: &str,
        ip: IpAddr,
        name: &Name,
        rtype: RecordType,
    ) -> Result<Arc<DnsReply>, NetError> {
        if self.asked.fetch_add(1, Relaxed) >= QUESTIONS_MAX {
            let detail = format!("more than {QUESTIONS_MAX} questions to follow one delegation");
            return Err(NetError::new(GapReason::TooLarge, detail));
        }
        let query = DnsQuery::new(name.clone(), rtype);
        self.session.ask_server(server, ip, &query).await
    }
}

/// What an answer says to somebody at `zone` who is on the way to `name`.
fn read(message: &Message, zone: &Name, name: &Name) -> Result<Said, NetError> {
    let below = message
        .authorities
        .iter()
        .filter(|record| record.record_type() == RecordType::NS)
        .map(|record| &record.name)
        .find(|owner| *owner != zone && zone.zone_of(owner) && owner.zone_of(name));
    let owns = message.metadata.authoritative || !message.answers.is_empty();
    if owns || message.metadata.response_code == ResponseCode::NXDomain {
        return Ok(Said::Answer);
    }
    match below {
        Some(owner) => Ok(Said::Referral(
            owner.clone(),
            referred(message, owner, zone),
        )),
        None => {
            let detail = format!(
                "a server of {} neither answers for {} nor leads on",
                name_text(zone),
                name_text(name)
            );
            Err(NetError::new(GapReason::Malformed, detail))
        }
    }
}

/// Servers and addresses of a referral to `owner`; addresses count for names below
/// the zone that refers alone.
fn referred(message: &Message, owner: &Name, zone: &Name) -> BTreeMap<String, Vec<IpAddr>> {
    let names: BTreeSet<&Name> = message
        .authorities
        .iter()
        .filter(|record| record.name == *owner)
        .filter_map(|record| match &record.data {
            RData::NS(ns) => Some(&ns.0),
            _ => None,
        })
        .collect();
    names
        .into_iter()
        .map(|name| {
            let glue = match zone.zone_of(name) {
                true => glue(message, name),
                false => Vec::new(),
            };
            (name_text(name), glue)
        })
        .collect()
}

/// Addresses of a name in the additional section, IPv4 first.
pub(super) fn glue(message: &Message, name: &Name) -> Vec<IpAddr> {
    addresses(&message.additionals, name)
}

fn ips(message: &Message, name: &Name) -> Vec<IpAddr> {
    addresses(&message.answers, name)
}

fn addresses(records: &[hickory_proto::rr::Record], name: &Name) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = records
        .iter()
        .filter(|record| record.name == *name)
        .filter_map(|record| match &record.data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
