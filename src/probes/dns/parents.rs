//! What the servers of the zone above hand out: NS, glue and DS.

use futures_util::future::join_all;
use hickory_proto::rr::{Name, RData, RecordType};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use super::{
    jobs::{climb, server_names},
    server_facts::{FoundBy, PathStep},
    walk::{Servers, Walk, glue},
};
use crate::{
    model::gap::GapReason,
    net::{DnsQuery, DnsReply, NetError, Session, name_text, parse_name},
};

/// Most servers of the parent that are asked, one address each.
pub(super) const PARENTS_MAX: usize = 8;

/// What was learned of the delegation.
pub(super) struct Parents {
    pub(super) found_by: FoundBy,
    /// Name of the zone above.
    pub(super) parent: String,
    /// The way from the root, or why it was not followed.
    pub(super) path: Result<Vec<PathStep>, NetError>,
    /// How many servers the parent has.
    pub(super) count: usize,
    /// Name, address and answer of those that were asked.
    pub(super) asked: Vec<(String, IpAddr, Result<Arc<DnsReply>, NetError>)>,
}

impl Parents {
    /// The servers of a zone in all referrals, with the addresses that came along.
    pub(super) fn servers(&self, zone: &str) -> BTreeMap<String, BTreeSet<IpAddr>> {
        let mut all: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
        let replies = self
            .asked
            .iter()
            .filter_map(|(_, _, reply)| reply.as_ref().ok());
        for message in replies.map(|reply| &reply.message) {
            if message.metadata.authoritative {
                continue;
            }
            for record in &message.authorities {
                if let RData::NS(server) = &record.data
                    && name_text(&record.name) == zone
                {
                    let found = all.entry(name_text(&server.0)).or_default();
                    found.extend(glue(message, &server.0));
                }
            }
        }
        all
    }
}

/// Finds the zone above a zone and asks its servers for the zone's name servers.
///
/// # Errors
/// When no zone above was found.
pub(super) async fn ask(session: &Session, zone: &str) -> Result<Parents, NetError> {
    let name = parse_name(zone)?;
    let (found_by, parent, servers, path) = find(session, zone, &name).await?;
    let chosen = servers.iter().filter_map(|(server, addresses)| {
        // One address of each: the first over IPv4, which everybody can reach.
        Some((server.clone(), *addresses.first()?))
    });
    let chosen: Vec<(String, IpAddr)> = chosen.take(PARENTS_MAX).collect();
    if chosen.is_empty() {
        let detail = format!("no name server of {parent}, the zone above, has an address");
        return Err(NetError::new(GapReason::Unresolved, detail));
    }
    let query = DnsQuery::new(name, RecordType::NS);
    let asked = join_all(chosen.into_iter().map(async |(server, ip)| {
        let reply = session.ask_server(&server, ip, &query).await;
        (server, ip, reply)
    }))
    .await;
    Ok(Parents {
        found_by,
        parent,
        path,
        count: servers.len(),
        asked,
    })
}

type Way = Result<Vec<PathStep>, NetError>;

/// The zone above with its servers: from the root, else through the resolver.
async fn find(
    session: &Session,
    zone: &str,
    name: &Name,
) -> Result<(FoundBy, String, Servers, Way), NetError> {
    let roots: Servers = session
        .root_servers()
        .into_iter()
        .map(|root| (root.name, root.addresses))
        .collect();
    let why = match roots.is_empty() {
        true => NetError::new(
            GapReason::NotAsked,
            "referrals were not followed from the root, as the resolver is one of the user's: \
             --root-hints FILE says where to begin",
        ),
        false => match Walk::new(session, roots).above(name).await {
            Ok(above) => {
                let way = Ok(above.path);
                return Ok((FoundBy::Referrals, above.zone, above.servers, way));
            }
            Err(error) => error,
        },
    };
    let (parent, servers) = through_resolver(session, zone).await?;
    Ok((FoundBy::Resolver, parent, servers, Err(why)))
}

/// The zone above and its servers, as the resolver knows them.
async fn through_resolver(session: &Session, zone: &str) -> Result<(String, Servers), NetError> {
    let mut parent = ".".to_owned();
    for at in climb(zone).skip(1) {
        let answer = session.lookup(at, RecordType::SOA).await?;
        if !answer.records.is_empty() && answer.aliases.is_empty() {
            parent = at.to_owned();
            break;
        }
    }
    let answer = session.lookup(&parent, RecordType::NS).await?;
    let names = server_names(&answer);
    let count = names.len();
    let servers = join_all(names.into_iter().take(PARENTS_MAX).map(async |server| {
        let v4 = session.lookup(&server, RecordType::A).await;
        let mut found = v4.as_ref().map(|answer| answer.ips()).unwrap_or_default();
        if found.is_empty()
            && let Ok(answer) = session.lookup(&server, RecordType::AAAA).await
        {
            found = answer.ips();
        }
        (server, found)
    }));
    let mut servers: Servers = servers.await;
    // Those beyond are counted, and not asked.
    servers.extend((servers.len()..count).map(|_| (String::new(), Vec::new())));
    Ok((parent, servers))
}
