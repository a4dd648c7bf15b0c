//! What the parent hands out against what the zone says.

use hickory_proto::{
    dnssec::rdata::DNSSECRData,
    op::Message,
    op::{Query, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, NS},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::{
    facts::{Delegation, Ds, Glue, HostName, ParentServer},
    fold::Fold,
    fold_servers::{host_names, names},
    jobs::Zone,
    keys::ds_fact,
    parents::Parents,
    walk::glue,
};
use crate::{
    model::{gap::GapReason, seen::Seen},
    net::{DnsReply, NetError, name_text, parse_name},
};

const AT: &str = "/dns/delegation";

/// What one server of the parent hands out.
struct Handed {
    ns: Vec<HostName>,
    ds: Vec<Ds>,
    glue: BTreeSet<(String, IpAddr)>,
}

impl Fold {
    /// The facts of the delegation.
    pub(super) fn delegation(&mut self, zone: &Zone, parents: &Result<Parents, NetError>) {
        let parents = match parents {
            Ok(parents) => parents,
            Err(error) => {
                self.gaps.push(error.gap(AT));
                return;
            }
        };
        let Ok(name) = parse_name(&zone.name) else {
            return;
        };
        let mut list = Vec::new();
        let mut handed = Vec::new();
        let mut missing = None;
        for (index, (server, ip, reply)) in parents.asked.iter().enumerate() {
            let at = format!("{AT}/parents/{index}");
            let mut facts = ParentServer {
                key: format!("{server} {ip}"),
                server: server.clone(),
                address: ip.to_string(),
                ns: Seen::Unseen,
                ds: Seen::Unseen,
                serves_zone: Seen::Unseen,
            };
            if let Ok(reply) = reply {
                let whole = handed.is_empty().then_some(AT);
                self.parent_reply(&[Some(at.as_str()), whole], &zone.name, *ip, reply);
            }
            match reply
                .as_deref()
                .map_err(Clone::clone)
                .and_then(|reply| read(reply, &name))
            {
                Ok(Some(found)) => {
                    facts.serves_zone = false.into();
                    facts.ns = found.ns.clone().into();
                    facts.ds = found.ds.clone().into();
                    handed.push(found);
                }
                Ok(None) => {
                    facts.serves_zone = true.into();
                    let detail = format!("{server} serves the zone itself and refers nowhere");
                    let error = NetError::new(GapReason::NotAsked, detail);
                    self.gaps.push(error.gap(format!("{at}/ns")));
                    self.gaps.push(error.gap(format!("{at}/ds")));
                    missing.get_or_insert(error);
                }
                Err(error) => {
                    self.gaps.push(error.gap(&at));
                    missing = Some(error);
                }
            }
            list.push(facts);
        }
        let mut facts = Delegation {
            found_by: parents.found_by,
            parent: parents.parent.clone(),
            path: Seen::Unseen,
            parent_servers: u32::try_from(parents.count).unwrap_or(u32::MAX),
            parents: list,
            ns: Seen::Unseen,
            parents_agree: Seen::Unseen,
            missing_at_parent: Seen::Unseen,
            missing_in_zone: Seen::Unseen,
            glue: Seen::Unseen,
            glue_missing: Seen::Unseen,
            referral_octets: Seen::Unseen,
        };
        match &parents.path {
            Ok(path) => facts.path = path.clone().into(),
            Err(error) => self.gaps.push(error.gap(format!("{AT}/path"))),
        }
        self.compare(zone, &name, &handed, missing, &mut facts);
        self.facts.delegation = Some(facts).into();
    }

    fn compare(
        &mut self,
        zone: &Zone,
        name: &Name,
        handed: &[Handed],
        missing: Option<NetError>,
        facts: &mut Delegation,
    ) {
        let Some(first) = handed.first() else {
            let error = missing.unwrap_or_else(|| {
                NetError::new(GapReason::Unresolved, "no server of the parent was asked")
            });
            for place in [
                "ns",
                "parents_agree",
                "missing_at_parent",
                "missing_in_zone",
                "glue",
                "glue_missing",
                "referral_octets",
            ] {
                self.gaps.push(error.gap(format!("{AT}/{place}")));
            }
            return;
        };
        let differ = handed
            .iter()
            .any(|other| other.ns != first.ns || other.ds != first.ds);
        match (
            differ,
            missing.filter(|error| error.reason != GapReason::NotAsked),
        ) {
            (true, _) => facts.parents_agree = false.into(),
            (false, None) => facts.parents_agree = true.into(),
            (false, Some(error)) => self.gaps.push(error.gap(format!("{AT}/parents_agree"))),
        }
        let all = handed.iter().flat_map(|handed| &handed.ns);
        let above = names(all.map(|host| host.name.clone()));
        match &zone.ns {
            Ok(answer) => {
                let own = names(super::jobs::server_names(answer));
                // Servers that differ are told by the agreement: here a name counts as the
                // zone's when all of them name it, and as none of the zone's when none does.
                let mut said = vec![own];
                said.extend(each_says(zone, name));
                let all: Vec<HostName> = said.concat();
                let by_all = names(all.iter().map(|host| host.name.clone()))
                    .into_iter()
                    .filter(|host| said.iter().all(|one| one.contains(host)))
                    .collect::<Vec<_>>();
                facts.missing_at_parent = without(&by_all, &above).into();
                facts.missing_in_zone = without(&above, &all).into();
            }
            Err(error) => {
                for place in ["missing_at_parent", "missing_in_zone"] {
                    self.gaps.push(error.gap(format!("{AT}/{place}")));
                }
            }
        }
        let glue: BTreeSet<(String, IpAddr)> = handed
            .iter()
            .flat_map(|handed| handed.glue.clone())
            .collect();
        let inside =
            |host: &&HostName| parse_name(&host.name).is_ok_and(|server| name.zone_of(&server));
        let lacking = above
            .iter()
            .filter(inside)
            .filter(|host| !glue.iter().any(|(server, _)| *server == host.name));
        facts.glue_missing = lacking.cloned().collect::<Vec<_>>().into();
        facts.referral_octets = referral_octets(name, &above, &glue).into();
        facts.glue = self.glue(zone, glue).into();
        facts.ns = above.into();
    }

    /// Addresses from the parent, and whether the servers' own zones confirm them.
    fn glue(&mut self, zone: &Zone, glue: BTreeSet<(String, IpAddr)>) -> Vec<Glue> {
        let mut list = Vec::new();
        for (index, (name, ip)) in glue.into_iter().enumerate() {
            let own = zone.servers.iter().find(|(server, _, _)| *server == name);
            let half = own.map(|(_, a, aaaa)| if ip.is_ipv4() { a } else { aaaa });
            let confirmed = match half {
                Some(Ok(answer)) => answer.ips().contains(&ip).into(),
                Some(Err(error)) => {
                    self.gaps
                        .push(error.gap(format!("{AT}/glue/{index}/confirmed")));
                    Seen::Unseen
                }
                None => Seen::Unseen,
            };
            list.push(Glue {
                key: format!("{name} {ip}"),
                name,
                address: ip.to_string(),
                confirmed,
            });
        }
        list
    }
}

/// What a server of the parent handed out; `None` when it serves the zone itself.
fn read(reply: &DnsReply, zone: &Name) -> Result<Option<Handed>, NetError> {
    let message = &reply.message;
    let rcode = message.metadata.response_code;
    let has_ns = |records: &[Record]| {
        records
            .iter()
            .any(|record| record.record_type() == RecordType::NS && record.name == *zone)
    };
    if rcode == ResponseCode::NoError
        && !message.metadata.authoritative
        && has_ns(&message.authorities)
    {
        return Ok(Some(handed(message, zone)));
    }
    if rcode == ResponseCode::NoError && has_ns(&message.answers) {
        return Ok(None);
    }
    let detail = format!(
        "the answer to {} NS is {} and no referral",
        name_text(zone),
        crate::net::rcode_text(rcode)
    );
    let reason = match rcode {
        ResponseCode::NoError => GapReason::Malformed,
        _ => GapReason::Refused,
    };
    Err(NetError::new(reason, detail))
}

fn handed(message: &Message, zone: &Name) -> Handed {
    let ns = host_names(&message.authorities, zone);
    let mut found = BTreeSet::new();
    for host in &ns {
        if let Ok(server) = parse_name(&host.name) {
            let addresses = glue(message, &server);
            found.extend(addresses.into_iter().map(|ip| (host.name.clone(), ip)));
        }
    }
    let mut ds: Vec<Ds> = message
        .authorities
        .iter()
        .filter(|record| record.name == *zone)
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds_fact(ds)),
            _ => None,
        })
        .collect();
    ds.sort_by(|a, b| a.key.cmp(&b.key));
    Handed {
        ns,
        ds,
        glue: found,
    }
}

/// The name servers that each server of the zone names.
fn each_says(zone: &Zone, name: &Name) -> Vec<Vec<HostName>> {
    zone.asked
        .iter()
        .flatten()
        .filter(|one| one.serves(name) == Some(true))
        .filter_map(|one| one.ns_reply().ok())
        .map(|reply| host_names(&reply.message.answers, name))
        .filter(|list| !list.is_empty())
        .collect()
}

fn without(all: &[HostName], others: &[HostName]) -> Vec<HostName> {
    all.iter()
        .filter(|host| !others.contains(host))
        .cloned()
        .collect()
}

/// Octets of a referral for the longest name below the zone, with all NS records
/// and, where every server lies inside the zone, one address over each family:
/// less does not lead on (Zonemaster, DELEGATION03).
fn referral_octets(zone: &Name, servers: &[HostName], glue: &BTreeSet<(String, IpAddr)>) -> u32 {
    let mut message = Message::query().into_response();
    message.add_query(Query::query(longest(zone), RecordType::A));
    let mut inside = true;
    for host in servers {
        let Ok(server) = parse_name(&host.name) else {
            continue;
        };
        inside &= zone.zone_of(&server);
        let data = RData::NS(NS(server));
        message.add_authority(Record::from_rdata(zone.clone(), 3600, data));
    }
    if inside {
        let mut families: BTreeMap<bool, &str> = BTreeMap::new();
        for (server, ip) in glue {
            families.entry(ip.is_ipv4()).or_insert(server);
        }
        for (v4, server) in families {
            let data = match v4 {
                true => RData::A(A(Ipv4Addr::UNSPECIFIED)),
                false => RData::AAAA(AAAA(Ipv6Addr::UNSPECIFIED)),
            };
            if let Ok(name) = parse_name(server) {
                message.add_additional(Record::from_rdata(name, 3600, data));
            }
        }
    }
    let octets = message.to_vec().map_or(0, |bytes| bytes.len());
    u32::try_from(octets).unwrap_or(u32::MAX)
}

/// The longest name below a zone: 255 octets, in labels of at most 63.
fn longest(zone: &Name) -> Name {
    let mut name = zone.clone();
    loop {
        // Each label with its length, and the root.
        let octets: usize = name.iter().map(|label| label.len() + 1).sum::<usize>() + 1;
        let room = 255usize.saturating_sub(octets + 1).min(63);
        let longer = Name::from_labels([vec![b'x'; room].as_slice()])
            .and_then(|label| label.append_domain(&name));
        match longer {
            Ok(longer) if room > 0 => name = longer,
            _ => return name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_referral_is_measured() {
        let zone = parse_name("office.example").expect("a name");
        let hosts = |count: usize| names((0..count).map(|n| format!("ns{n}.office.example")));
        let glue: BTreeSet<(String, IpAddr)> = [(
            "ns0.office.example".to_owned(),
            "192.0.2.1".parse().expect("an address"),
        )]
        .into();
        // Header 12, question 255 + 4, two NS records of 2 + 10 + 6, one A record of 2 + 14.
        assert_eq!(referral_octets(&zone, &hosts(2), &glue), 12 + 259 + 36 + 16);
        let many = referral_octets(&zone, &hosts(13), &glue);
        assert!(many > 500, "{many}");
        let longest = longest(&zone);
        assert_eq!(
            longest.iter().map(|label| label.len() + 1).sum::<usize>(),
            254
        );
    }
}
