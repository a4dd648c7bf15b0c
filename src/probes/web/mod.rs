//! The web probe: what a visiting browser meets.
//!
//! It asks both ports of every address for `/` and follows redirects within the
//! scope; then it visits, over one address, the front page, the pages that the
//! inventory names, and from level standard on pages that links lead to, forms
//! first, as far as robots.txt allows, robots.txt, security.txt and the sitemap,
//! a page that does not exist, and the name with or without `www.`; some pages
//! are asked for twice. It sends GET requests and one TRACE, without cookies, at
//! most one at a time on each address but for the two ports, and never submits a
//! form. At level intrusive it also asks for files that are left behind by
//! mistake and tries ports. Where a network stands in front of the site, it asks addresses that DNS and
//! the certificate give away, and those that the inventory calls the origin, for the front page.

mod components;
mod contact_domains;
mod contacts;
mod crawl;
mod evidence;
pub mod facts;
mod fold;
mod fold_besides;
mod forms;
mod fronts;
pub mod har;
mod headers;
mod hidden;
mod jobs;
mod kinds;
mod leaks;
mod links;
mod origin;
mod page;
mod parties;
mod parts;
mod pins;
mod sibling;
mod site;
#[cfg(test)]
mod tests;
mod visit;
mod wellknown;

use std::collections::BTreeSet;

use super::registry::{
    AreaReport, PlannedExchange, Probe, ProbeContext, ProbeFuture, check_facts, schema_of,
};
use crate::model::{
    level::{Area, Level},
    target::Target,
};

/// Edition of the table of third parties, as the head of its file says.
pub const PARTIES_EDITION: &str = "third-party-web 0.30.0";

/// The web probe.
pub static PROBE: Probe = Probe {
    area: Area::Web,
    fact_version: facts::FACT_VERSION,
    schema: schema_of::<facts::WebFacts>,
    check: check_facts::<facts::WebFacts>,
    plan,
    observe,
};

fn observe(context: ProbeContext<'_>) -> ProbeFuture<'_> {
    Box::pin(async move {
        match jobs::addresses(context.session, &context.target.name).await {
            Ok(addresses) => {
                let answers = jobs::ask(context, &addresses).await;
                fold::report(&answers, context.target, context.level, context.session)
            }
            Err(error) => AreaReport::unseen(Area::Web, &error),
        }
    })
}

fn plan(target: &Target, level: Level) -> Vec<PlannedExchange> {
    let mut plan = Vec::new();
    let mut ask = |to: String, what: String, at_most: usize| {
        plan.push(PlannedExchange {
            area: Area::Web,
            to,
            what,
            at_most: u32::try_from(at_most).unwrap_or(u32::MAX),
        });
    };
    let hops = visit::REDIRECTS_MAX.saturating_add(1);
    let name = &target.name;
    ask(
        "resolver".to_owned(),
        format!("A, AAAA and HTTPS of {name}"),
        3,
    );
    for (_, port) in jobs::ports(target) {
        ask(
            format!("{name}:{port}"),
            "GET / on each address, with redirects within the scope".to_owned(),
            jobs::ADDRESSES_MAX.saturating_mul(hops),
        );
    }
    let (_, port) = jobs::ports(target)[1];
    let place = format!("{name}:{port}");
    let pinned = pins::pins_of(target).map(|pin| pin.path.as_str());
    let paths: BTreeSet<&str> = target
        .paths
        .iter()
        .map(String::as_str)
        .chain(pinned)
        .collect();
    if !paths.is_empty() {
        let at_most = paths.len().saturating_mul(hops);
        let paths: Vec<&str> = paths.into_iter().collect();
        let what = format!("GET {}, with redirects", paths.join(", "));
        ask(place.clone(), what, at_most);
    }
    if level >= Level::Standard {
        ask(
            place.clone(),
            "GET /robots.txt, with redirects".to_owned(),
            hops,
        );
        ask(
            place.clone(),
            "GET pages that links lead to, up to the page cap".to_owned(),
            30,
        );
        ask(
            place.clone(),
            "GET some pages again, GET /sitemap.xml, what it leads to if it is an index, and a page that is not there, TRACE /"
                .to_owned(),
            wellknown::REQUESTS_MAX,
        );
        ask(
            "resolver".to_owned(),
            "TXT of _dmarc below the domains of addresses that pages show".to_owned(),
            contact_domains::DOMAINS_MAX.saturating_mul(2),
        );
        if !target.origin.is_empty() {
            ask(
                format!("{}, the origin", target.origin.join(", ")),
                "GET the front page over HTTPS and HTTP".to_owned(),
                target.origin.len().saturating_mul(hops.saturating_add(1)),
            );
        }
        ask(
            "resolver".to_owned(),
            "where a network stands in front: MX of the name and its domain, TXT at level intrusive, addresses of \
             names that these and the certificate tell"
                .to_owned(),
            origin::NAMES_MAX.saturating_mul(2).saturating_add(4),
        );
        ask(
            "addresses that these names have".to_owned(),
            "where a network stands in front: GET the front page over HTTPS and HTTP".to_owned(),
            origin::LEADS_MAX.saturating_mul(hops.saturating_add(1)),
        );
        ask(
            format!("{name} with or without www."),
            "GET / over HTTP and HTTPS, for a registrable domain".to_owned(),
            hops.saturating_mul(2),
        );
        ask(
            place.clone(),
            "GET /.well-known/security.txt, else /security.txt, with redirects".to_owned(),
            hops.saturating_mul(2),
        );
    }
    if level >= Level::Intrusive {
        ask(
            place,
            "GET files that are left behind by mistake (/.git/HEAD, /backup.sql, ...)".to_owned(),
            hidden::SUSPECTS.len(),
        );
        let ports: Vec<String> = hidden::PORTS
            .iter()
            .map(|(port, _)| port.to_string())
            .collect();
        ask(
            format!("{name}: ports {}", ports.join(", ")),
            "TCP connection, opened and closed".to_owned(),
            hidden::PORTS.len().saturating_mul(2),
        );
    }
    plan
}
