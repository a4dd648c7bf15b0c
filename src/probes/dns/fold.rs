//! Turns answers into facts, without the network.

use hickory_proto::{
    dnssec::rdata::{DNSKEY, DNSSECRData},
    rr::RData,
};
use jiff::Timestamp;
use std::{collections::BTreeSet, net::IpAddr};

use super::{
    agreement::Routing,
    facts::{Address, AddressFamily, CnameStep, DnsFacts, NameServer, Txt},
    fold_servers,
    jobs::{Answers, Lookup, Zone, server_names},
    keys, validate,
};
use crate::{
    model::{
        gap::{Gap, GapReason},
        level::Area,
        observation::Evidence,
        seen::Seen,
        standing::Standing,
    },
    net::{Answer, NetError, is_public, name_text, parse_name},
    probes::registry::AreaReport,
    wire::text::{clean, clean_bytes},
};

/// Most characters of a TXT value.
const TXT_CHARS: usize = 4_096;
/// Most TXT values.
const TXT_MAX: usize = 100;

/// The facts, gaps and evidence of a name.
pub(super) fn report(answers: &Answers, routing: &Routing<'_>, now: Timestamp) -> AreaReport {
    let mut fold = Fold {
        stand_ins: answers.stand_ins.clone(),
        ..Fold::default()
    };
    fold.name(answers);
    fold.zone(&answers.name, &answers.zone, routing, now);
    fold.caa(&answers.caa);
    fold.registration(&answers.registered);
    if let Some(below) = &answers.below {
        fold.below(below);
    }
    fold.gaps.sort();
    fold.gaps.dedup();
    fold.evidence.sort();
    AreaReport::seen(Area::Dns, &fold.facts, fold.gaps, fold.evidence)
}

#[derive(Default)]
pub(super) struct Fold {
    pub(super) facts: DnsFacts,
    pub(super) gaps: Vec<Gap>,
    pub(super) evidence: Vec<Evidence>,
    stand_ins: BTreeSet<IpAddr>,
}

impl Fold {
    /// What stands at the name itself.
    fn name(&mut self, answers: &Answers) {
        self.facts.name = clean(&answers.name, 255);
        let halves = [&answers.a, &answers.aaaa];
        let seen: Vec<&Answer> = halves.iter().filter_map(|half| known(half)).collect();
        for answer in &seen {
            self.prove("/dns/addresses", answer);
        }

        let others = [Some(&answers.txt), answers.cname.as_ref()];
        let mut all = seen.clone();
        all.extend(others.into_iter().flatten().filter_map(known));
        if all.is_empty() {
            self.missed("/dns/exists", &answers.a);
        } else {
            self.facts.exists = all.iter().any(|answer| answer.exists()).into();
        }

        self.facts.addresses = self.addresses("/dns/addresses", halves);

        match (
            seen.iter().max_by_key(|answer| answer.aliases.len()),
            &answers.cname,
        ) {
            (Some(answer), _) => {
                if !answer.aliases.is_empty() {
                    self.prove("/dns/cname", answer);
                }
                let mut chain = chain(answer);
                if let (Some(end), Some(index)) = (&answers.end, chain.len().checked_sub(1))
                    && let Some(last) = chain.get_mut(index)
                {
                    last.standing = self.standing(&format!("/dns/cname/{index}/standing"), end);
                }
                self.facts.cname = chain.into();
            }
            (None, Some(Ok(answer))) => self.lone_alias(answer, &answers.a),
            (None, _) => self.missed("/dns/cname", &answers.a),
        }

        match &answers.txt {
            Ok(answer) => {
                self.prove("/dns/txt", answer);
                let mut texts = answer.texts();
                if texts.len() > TXT_MAX || answer.cut {
                    texts.truncate(TXT_MAX);
                    self.gap(
                        "/dns/txt/-",
                        GapReason::TooLarge,
                        &format!("only {TXT_MAX} values are kept"),
                    );
                }
                self.facts.txt = texts
                    .iter()
                    .map(|text| Txt {
                        value: clean_bytes(text, TXT_CHARS),
                    })
                    .collect::<Vec<_>>()
                    .into();
            }
            Err(error) => self.gaps.push(error.gap("/dns/txt")),
        }
    }

    /// An alias whose target could not be looked up.
    fn lone_alias(&mut self, answer: &Answer, addresses: &Lookup) {
        let target = answer.data().find_map(|data| match data {
            RData::CNAME(target) => Some(name_text(&target.0)),
            _ => None,
        });
        let Some(target) = target else {
            self.facts.cname = Vec::new().into();
            return;
        };
        self.prove("/dns/cname", answer);
        self.facts.cname = vec![CnameStep {
            name: answer.name.clone(),
            target,
            exists: Seen::Unseen,
            standing: Seen::Unseen,
        }]
        .into();
        for place in ["0/exists", "0/standing", "-"] {
            self.missed(&format!("/dns/cname/{place}"), addresses);
        }
    }

    /// Addresses of A and AAAA answers. One half missing leaves the list open,
    /// both missing leave it unseen.
    fn addresses(&mut self, at: &str, halves: [&Lookup; 2]) -> Seen<Vec<Address>> {
        let mut list = Vec::new();
        let mut missing = Vec::new();
        for half in halves {
            match half {
                Ok(answer) => {
                    list.extend(answer.ips().into_iter().map(|ip| self.address(ip)));
                    if answer.cut {
                        self.gap(
                            &format!("{at}/-"),
                            GapReason::TooLarge,
                            "more addresses than are kept",
                        );
                    }
                }
                Err(error) => missing.push(error),
            }
        }
        let seen = missing.len() < 2;
        // One cause, one gap.
        missing.dedup_by_key(|error| error.reason);
        let at = if seen {
            format!("{at}/-")
        } else {
            at.to_owned()
        };
        for error in missing {
            self.gaps.push(error.gap(at.clone()));
        }
        if seen { list.into() } else { Seen::Unseen }
    }

    /// What stands at the zone and at its parent.
    fn zone(
        &mut self,
        name: &str,
        zone: &Result<Option<Zone>, NetError>,
        routing: &Routing<'_>,
        now: Timestamp,
    ) {
        const PLACES: [&str; 11] = [
            "is_apex",
            "ns",
            "soa",
            "ds",
            "dnskey",
            "dnssec",
            "delegation",
            "servers",
            "agreement",
            "child_ds",
            "networks",
        ];
        match zone {
            Err(error) => {
                for place in ["zone"].iter().chain(&PLACES) {
                    self.gaps.push(error.gap(format!("/dns/{place}")));
                }
            }
            Ok(None) => {
                self.facts.zone = None.into();
                for place in PLACES {
                    self.gap(
                        &format!("/dns/{place}"),
                        GapReason::Unresolved,
                        "no zone below a top-level domain answers for the name",
                    );
                }
            }
            Ok(Some(zone)) => {
                self.facts.zone = Some(zone.name.clone()).into();
                self.facts.is_apex = (zone.name == name).into();
                self.servers(zone);
                self.soa(&zone.soa);
                let proven = self.keys(zone, now);
                self.networks(routing);
                if let Some(parents) = &zone.parents {
                    self.delegation(zone, parents);
                }
                if let (Some(asked), Ok(name)) = (&zone.asked, parse_name(&zone.name)) {
                    let looked_at = fold_servers::Zone {
                        name: &name,
                        keys: proven.as_deref(),
                        now: validate::seconds(now),
                    };
                    self.asked_servers(&looked_at, asked);
                    self.agreement();
                    self.child_ds();
                }
            }
        }
    }

    fn servers(&mut self, zone: &Zone) {
        let answer = match &zone.ns {
            Ok(answer) => answer,
            Err(error) => {
                self.gaps.push(error.gap("/dns/ns"));
                return;
            }
        };
        self.prove("/dns/ns", answer);
        if zone.more_servers {
            let count = server_names(answer).len();
            self.gap(
                "/dns/ns/-",
                GapReason::TooLarge,
                &format!(
                    "{} of {count} name servers were looked at",
                    zone.servers.len()
                ),
            );
        }
        let mut servers = Vec::new();
        for (index, (name, a, aaaa)) in zone.servers.iter().enumerate() {
            let at = format!("/dns/ns/{index}");
            let addresses = self.addresses(&format!("{at}/addresses"), [a, aaaa]);
            let is_alias = match [a, aaaa].into_iter().find_map(known) {
                Some(answer) => Seen::Known(!answer.aliases.is_empty()),
                None => {
                    self.missed(&format!("{at}/is_alias"), a);
                    Seen::Unseen
                }
            };
            for answer in [a, aaaa].into_iter().filter_map(known) {
                self.prove(&at, answer);
                self.prove("/dns/networks", answer);
            }
            servers.push(NameServer {
                name: name.clone(),
                addresses,
                is_alias,
                standing: match zone.stands.get(index) {
                    Some(stands) => self.standing(&format!("{at}/standing"), stands),
                    None => Seen::Unseen,
                },
            });
        }
        self.facts.ns = servers.into();
    }

    fn soa(&mut self, soa: &Lookup) {
        match soa {
            Ok(answer) => {
                self.prove("/dns/soa", answer);
                let record = answer.records.iter().find_map(fold_servers::soa_of);
                self.facts.soa = record.into();
            }
            Err(error) => self.gaps.push(error.gap("/dns/soa")),
        }
    }

    /// The facts about DNSSEC. Returns the zone's keys where the chain proves them.
    fn keys(&mut self, zone: &Zone, now: Timestamp) -> Option<Vec<DNSKEY>> {
        let (ds, dnskey) = (known(&zone.ds), known(&zone.dnskey));
        if let Some(answer) = ds {
            self.prove("/dns/ds", answer);
            self.facts.ds = keys::ds(answer).into();
            self.open_if_cut(answer, "/dns/ds/-");
        } else {
            self.missed("/dns/ds", &zone.ds);
        }
        if let Some(answer) = dnskey {
            self.prove("/dns/dnskey", answer);
            self.facts.dnskey = keys::dnskey(answer).into();
            self.open_if_cut(answer, "/dns/dnskey/-");
        } else {
            self.missed("/dns/dnskey", &zone.dnskey);
        }
        let mut dnssec = super::facts::Dnssec::default();
        match dnskey {
            Some(answer) => {
                self.prove("/dns/dnssec/signed", answer);
                dnssec.signed = has_dnssec(answer, false).into();
            }
            None => self.missed("/dns/dnssec/signed", &zone.dnskey),
        }
        match ds {
            Some(answer) => {
                self.prove("/dns/dnssec/delegated", answer);
                dnssec.delegated = has_dnssec(answer, true).into();
            }
            None => self.missed("/dns/dnssec/delegated", &zone.ds),
        }
        match (ds, dnskey) {
            (Some(ds), Some(dnskey)) => match keys::matches(&zone.name, ds, dnskey) {
                Some(matches) => dnssec.ds_matches = matches.into(),
                None => self.gap(
                    "/dns/dnssec/ds_matches",
                    GapReason::NotAsked,
                    "a DS record has a digest type that this program cannot compute",
                ),
            },
            (None, _) => self.missed("/dns/dnssec/ds_matches", &zone.ds),
            (_, None) => self.missed("/dns/dnssec/ds_matches", &zone.dnskey),
        }
        let (validation, gaps, proven) = validate::validate(&zone.collected, now);
        dnssec.validation = validation;
        self.gaps.extend(gaps);
        for answer in [ds, dnskey].into_iter().flatten() {
            self.prove("/dns/dnssec/validation", answer);
        }
        self.facts.dnssec = dnssec.into();
        proven
    }

    fn open_if_cut(&mut self, answer: &Answer, at: &str) {
        if answer.cut {
            self.gap(at, GapReason::TooLarge, "more records than are kept");
        }
    }

    fn gap(&mut self, at: &str, reason: GapReason, detail: &str) {
        self.gaps.push(NetError::new(reason, detail).gap(at));
    }

    /// Leaves the gap of a failed look-up at a place.
    fn missed(&mut self, at: &str, lookup: &Lookup) {
        if let Err(error) = lookup {
            self.miss(at, error);
        }
    }

    /// Leaves a gap at a place.
    pub(super) fn miss(&mut self, at: &str, error: &NetError) {
        self.gaps.push(error.gap(at));
    }

    fn address(&self, ip: IpAddr) -> Address {
        Address {
            address: ip.to_string(),
            family: if ip.is_ipv4() {
                AddressFamily::Ipv4
            } else {
                AddressFamily::Ipv6
            },
            public: is_public(ip) || self.stand_ins.contains(&ip),
        }
    }

    pub(super) fn prove(&mut self, at: &str, answer: &Answer) {
        self.evidence.push(answer.evidence(at));
    }
}

pub(super) fn known(lookup: &Lookup) -> Option<&Answer> {
    lookup.as_deref().ok()
}

/// The aliases of an answer. All targets but the last are aliases themselves, so they exist.
fn chain(answer: &Answer) -> Vec<CnameStep> {
    let last = answer.aliases.len().saturating_sub(1);
    answer
        .aliases
        .iter()
        .enumerate()
        .map(|(index, alias)| CnameStep {
            name: alias.name.clone(),
            target: alias.target.clone(),
            exists: (index < last || answer.end_exists()).into(),
            standing: Standing::Resolves.into(),
        })
        .collect()
}

/// Whether an answer holds DS records, or else DNSKEY records.
fn has_dnssec(answer: &Answer, ds: bool) -> bool {
    answer.data().any(|data| match data {
        RData::DNSSEC(DNSSECRData::DS(_)) => ds,
        RData::DNSSEC(DNSSECRData::DNSKEY(_)) => !ds,
        _ => false,
    })
}
