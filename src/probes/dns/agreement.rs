//! What all name servers of a zone say, side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    facts::{
        Agreement, ChildDs, HostName, NameServer, Networks, Route, RouteValidity, ServerDnssec,
        ServerFacts,
    },
    fold::Fold,
    fold_servers::names,
};
use crate::model::{
    gap::{Gap, GapReason},
    seen::Seen,
};
use crate::net::NetError;
use crate::wire::routes::{Payloads, Prefix, Routes, Validity};

const AT: &str = "/dns/agreement";

/// The routing table and the payloads that the user gave.
pub(super) type Routing<'a> = (Option<&'a Routes>, Option<&'a Payloads>);

impl Fold {
    /// Whether the servers that serve the zone agree. What differs among those that
    /// answered differs; what does not is known only when every one of them answered.
    pub(super) fn agreement(&mut self) {
        let Some(servers) = self.facts.servers.known() else {
            return;
        };
        // A server that answered nothing has its gap at its own place.
        let silent = |index: usize| {
            let own = format!("/dns/servers/{index}");
            let found = self.gaps.iter().find(|gap| {
                gap.at == own
                    || gap
                        .at
                        .strip_prefix(&own)
                        .is_some_and(|rest| rest.starts_with('/'))
            });
            found.cloned()
        };
        let mut serving = Vec::new();
        let mut doubt: Option<Gap> = None;
        for (index, server) in servers.iter().enumerate() {
            match server.authoritative.known() {
                Some(true) => serving.push((index, server)),
                Some(false) => {}
                None => doubt = doubt.or_else(|| silent(index)),
            }
        }
        let mut missing = Vec::new();
        let mut same = |place: &str, fact: &dyn Fn(&ServerFacts) -> Option<String>| {
            let mut met = BTreeSet::new();
            let mut doubt = doubt.clone();
            for (index, server) in &serving {
                match fact(server) {
                    Some(text) => {
                        met.insert(text);
                    }
                    None => doubt = doubt.or_else(|| silent(*index)),
                }
            }
            match (met.len(), doubt) {
                (2.., _) => Seen::Known(false),
                (1, None) => Seen::Known(true),
                (_, doubt) => {
                    let gap = doubt.unwrap_or_else(nobody);
                    missing.push(Gap {
                        at: format!("{AT}/{place}"),
                        ..gap
                    });
                    Seen::Unseen
                }
            }
        };
        let serial = |server: &ServerFacts| Some(server.soa.known()?.as_ref()?.serial.to_string());
        let agreement = Agreement {
            serial: same("serial", &serial),
            soa: same("soa", &|server| {
                let soa = server.soa.known()?.as_ref()?;
                Some(format!(
                    "{} {} {} {} {} {}",
                    soa.mname, soa.rname, soa.refresh, soa.retry, soa.expire, soa.minimum
                ))
            }),
            ns: same("ns", &|server| server.ns.known().map(|list| joined(list))),
            keys: same("keys", &|server| {
                // A server that serves the zone unsigned has no keys either.
                let dnssec = server.dnssec.known()?.as_ref();
                let keys = dnssec
                    .map(|dnssec| joined(&dnssec.keys))
                    .unwrap_or_default();
                let cds = dnssec.map(|dnssec| joined(&dnssec.cds)).unwrap_or_default();
                Some(format!("{keys}|{cds}"))
            }),
            serials: names(serving.iter().filter_map(|(_, server)| serial(server))).into(),
        };
        self.facts.agreement = agreement.into();
        self.gaps.extend(missing);
    }

    /// CDS and CDNSKEY records of all servers against their keys.
    pub(super) fn child_ds(&mut self) {
        let Some(servers) = self.facts.servers.known() else {
            return;
        };
        let all: Vec<&ServerDnssec> = servers
            .iter()
            .filter_map(|server| server.dnssec.known()?.as_ref())
            .collect();
        let any = all
            .iter()
            .any(|one| !one.cds.is_empty() || !one.cdnskey.is_empty());
        if any {
            let mut problems = BTreeSet::new();
            all.iter().for_each(|one| problems.extend(faults(one)));
            let asked = |one: &&ServerDnssec| one.cds.iter().any(|cds| cds.name == "0/0/0");
            self.facts.child_ds = Some(ChildDs {
                delete: all.iter().any(asked),
                problems: names(problems.into_iter().map(str::to_owned)),
            })
            .into();
        } else if servers.iter().any(|server| server.dnssec.known().is_some()) {
            self.facts.child_ds = None.into();
        } else {
            let silent = self
                .gaps
                .iter()
                .find(|gap| gap.at.starts_with("/dns/servers/"));
            let gap = silent.cloned().unwrap_or_else(nobody);
            self.gaps.push(Gap {
                at: "/dns/child_ds".to_owned(),
                ..gap
            });
        }
    }

    /// Where the addresses of the name servers lie.
    pub(super) fn networks(&mut self, routing: &Routing<'_>) {
        let Some(servers) = self.facts.ns.known() else {
            return;
        };
        if let Some(gap) = self
            .gaps
            .iter()
            .find(|gap| gap.at.starts_with("/dns/ns/"))
            .cloned()
        {
            self.gaps.push(Gap {
                at: "/dns/networks".to_owned(),
                ..gap
            });
            return;
        }
        let mut facts = networks(servers);
        let addresses = servers.iter().flat_map(|server| server.addresses.known());
        let addresses: BTreeSet<IpAddr> = addresses
            .flatten()
            .filter_map(|address| address.address.parse().ok())
            .collect();
        let not_given = |what: &str| NetError::new(GapReason::NotAsked, format!("no {what} given"));
        let found = |table: &Routes| -> Vec<(IpAddr, Option<(Prefix, u32)>)> {
            addresses.iter().map(|ip| (*ip, table.route(*ip))).collect()
        };
        match routing.0.map(found) {
            None => {
                let error = not_given("routing table (--routes FILE) was");
                self.gaps.push(error.gap("/dns/networks/systems"));
                self.gaps.push(error.gap("/dns/networks/routes"));
            }
            Some(found) => {
                let origins = found.iter().filter_map(|(_, route)| *route);
                facts.systems = names(origins.map(|(_, origin)| format!("AS{origin}"))).into();
                match routing.1 {
                    Some(payloads) => {
                        let routes = found.into_iter().map(|(ip, to)| route(ip, to, payloads));
                        facts.routes = routes.collect::<Vec<_>>().into();
                    }
                    None => {
                        let error = not_given("validated payloads (--vrps FILE) were");
                        self.gaps.push(error.gap("/dns/networks/routes"));
                    }
                }
            }
        }
        self.facts.networks = facts.into();
    }
}

fn nobody() -> Gap {
    NetError::new(
        GapReason::Unresolved,
        "no name server answered for the zone",
    )
    .gap(AT)
}

fn joined(list: &[HostName]) -> String {
    let all: Vec<&str> = list.iter().map(|host| host.name.as_str()).collect();
    all.join(" ")
}

/// What is wrong with the CDS and CDNSKEY records of one server.
fn faults(dnssec: &ServerDnssec) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let keys: BTreeSet<&str> = dnssec.keys.iter().map(|key| key.name.as_str()).collect();
    let cds: BTreeSet<&str> = dnssec
        .cds
        .iter()
        .filter_map(|cds| cds.name.rsplit_once('/').map(|(key, _)| key))
        .collect();
    let cdnskey: BTreeSet<&str> = dnssec.cdnskey.iter().map(|key| key.name.as_str()).collect();
    let real = |set: &BTreeSet<&str>| set.iter().any(|key| *key != "0/0");
    for (set, what) in [
        (&cds, "cds_matches_no_key"),
        (&cdnskey, "cdnskey_matches_no_key"),
    ] {
        if set.iter().any(|key| *key != "0/0" && !keys.contains(key)) {
            found.insert(what);
        }
        if set.contains("0/0") && real(set) {
            found.insert("delete_beside_others");
        }
    }
    // One of the two may be left out; both must name the same keys (RFC 7344 section 4).
    if !cds.is_empty() && !cdnskey.is_empty() && cds != cdnskey {
        found.insert("cds_and_cdnskey_differ");
    }
    found
}

fn networks(servers: &[NameServer]) -> Networks {
    let mut owners: BTreeMap<IpAddr, BTreeSet<&str>> = BTreeMap::new();
    for server in servers {
        for address in server.addresses.known().into_iter().flatten() {
            if let Ok(ip) = address.address.parse() {
                owners.entry(ip).or_default().insert(&server.name);
            }
        }
    }
    let of = |v4: bool| owners.keys().filter(move |ip| ip.is_ipv4() == v4);
    let count = |v4| u32::try_from(of(v4).count()).unwrap_or(u32::MAX);
    let shared = owners.iter().filter(|(_, names)| names.len() > 1);
    Networks {
        ipv4_addresses: count(true),
        ipv4: names(of(true).map(network)),
        ipv6_addresses: count(false),
        ipv6: names(of(false).map(network)),
        shared: names(shared.map(|(ip, _)| ip.to_string())),
        systems: Seen::Unseen,
        routes: Seen::Unseen,
    }
}

fn route(ip: IpAddr, route: Option<(Prefix, u32)>, payloads: &Payloads) -> Route {
    let validity = |(network, origin)| match payloads.validity(network, origin) {
        Validity::Valid => RouteValidity::Valid,
        Validity::Invalid => RouteValidity::Invalid,
        Validity::NotFound => RouteValidity::NotFound,
    };
    Route {
        key: ip.to_string(),
        prefix: route.map(|(network, _)| network.to_string()),
        origin: route.map(|(_, origin)| format!("AS{origin}")),
        validity: route.map(validity),
    }
}

/// The /24 or /48 that an address lies in.
fn network(ip: &IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}
