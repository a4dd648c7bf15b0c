//! The DNS probe: records of the target's name as a recursive resolver sees them,
//! how the zone above hands its zone out, and what each name server answers itself.

mod agreement;
pub mod facts;
mod fold;
mod fold_caa;
mod fold_delegation;
mod fold_servers;
mod jobs;
mod keys;
mod parents;
mod proofs;
mod registration;
mod registration_facts;
mod server_facts;
mod servers;
mod target_facts;
mod targets;
#[cfg(test)]
mod tests;
mod validate;
mod walk;

use super::registry::{
    AreaReport, PlannedExchange, Probe, ProbeContext, ProbeFuture, check_facts, schema_of,
};
use crate::model::{
    gap::GapReason,
    level::{Area, Level},
    target::Target,
};
use crate::net::{NetError, registered_domain};
use std::net::IpAddr;

/// The DNS probe.
pub static PROBE: Probe = Probe {
    area: Area::Dns,
    fact_version: facts::FACT_VERSION,
    schema: schema_of::<facts::DnsFacts>,
    check: check_facts::<facts::DnsFacts>,
    plan,
    observe,
};

fn observe(context: ProbeContext<'_>) -> ProbeFuture<'_> {
    Box::pin(async move {
        if context.target.name.parse::<IpAddr>().is_ok() {
            let why = "the target is an address, which has no records";
            return AreaReport::unseen(Area::Dns, &NetError::new(GapReason::NotAsked, why));
        }
        let answers = jobs::ask(context.session, &context.target.name).await;
        let routing = (context.session.routes(), context.session.payloads());
        fold::report(&answers, &routing, jiff::Timestamp::now())
    })
}

fn plan(target: &Target, level: Level) -> Vec<PlannedExchange> {
    if target.name.parse::<IpAddr>().is_ok() {
        return Vec::new();
    }
    let name = &target.name;
    let ask = |what: String, at_most: usize| PlannedExchange {
        area: Area::Dns,
        to: "resolver".to_owned(),
        what,
        at_most: u32::try_from(at_most).unwrap_or(u32::MAX),
    };
    let labels = name.split('.').count();
    let mut all = vec![
        ask(format!("A, AAAA, CNAME and TXT of {name}"), 4),
        ask(
            format!("SOA of {name} and its parents, up to the top of the zone"),
            labels.min(jobs::CLIMB_MAX),
        ),
        ask(
            format!("CAA of {name} and its parents"),
            labels.min(jobs::CLIMB_MAX),
        ),
        ask("NS of the zone".to_owned(), 1),
        ask(
            "SOA of the registrable domain of each name that does not exist and is pointed to"
                .to_owned(),
            1 + jobs::SERVERS_MAX,
        ),
        ask(
            "DS and DNSKEY of the zone and of the zones above it".to_owned(),
            1 + 2 * labels.min(jobs::CLIMB_MAX),
        ),
        ask(
            "SOA, NS, CDS and addresses with their signatures".to_owned(),
            5,
        ),
        ask(
            "A and AAAA of the zone's name servers".to_owned(),
            jobs::SERVERS_MAX * 2,
        ),
    ];
    let direct = |what: &str, at_most: usize| PlannedExchange {
        area: Area::Dns,
        to: "name servers".to_owned(),
        what: what.to_owned(),
        at_most: u32::try_from(at_most).unwrap_or(u32::MAX),
    };
    if level >= Level::Standard {
        all.push(ask(
            format!("SRV of well-known services below {name}, and A and AAAA of their hosts"),
            targets::SERVICES_MAX + 2 * targets::TARGETS_MAX,
        ));
        all.push(ask(
            format!("a name below {name} that nobody wrote down (wildcards)"),
            targets::WILDCARD_MAX,
        ));
        all.push(direct(
            "NS of the zone, from the root's servers down to those of the zone above",
            walk::QUESTIONS_MAX as usize + parents::PARENTS_MAX,
        ));
        all.push(direct(
            "SOA, NS, DNSKEY, CDS, CDNSKEY, AAAA, NS of the root and an unknown version of EDNS, \
             to each address of the zone's name servers",
            10 * servers::ADDRESSES_MAX,
        ));
    }
    if let Some(domain) = registered_domain(name) {
        all.push(PlannedExchange {
            area: Area::Dns,
            to: "RDAP server of the registry".to_owned(),
            what: format!("GET /domain/{domain}, with --rdap alone"),
            at_most: 1,
        });
    }
    if level >= Level::Intrusive {
        all.push(direct(
            "a name of others (recursion), AXFR, NSID and version.bind, to each address of \
             the zone's name servers",
            4 * servers::ADDRESSES_MAX,
        ));
    }
    all
}
