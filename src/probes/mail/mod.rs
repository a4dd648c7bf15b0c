//! The mail probe: who takes a domain's mail, and what the domain publishes
//! about mail in its name.

mod dkim;
mod dmarc;
mod exchangers;
pub mod facts;
mod notes;
mod reports;
mod smtp;
mod spf;
mod subdomains;
#[cfg(test)]
mod tests;
mod tlsa;
mod transport;
mod transport_facts;

use std::net::IpAddr;

use super::registry::{
    AreaReport, PlannedExchange, Probe, ProbeContext, ProbeFuture, check_facts, schema_of,
};
use crate::{
    model::{
        gap::GapReason,
        level::{Area, Level},
        seen::Seen,
        target::Target,
    },
    net::NetError,
};
use facts::MailFacts;

/// The mail probe.
pub static PROBE: Probe = Probe {
    area: Area::Mail,
    fact_version: facts::FACT_VERSION,
    schema: schema_of::<MailFacts>,
    check: check_facts::<MailFacts>,
    plan,
    observe,
};

/// Most look-ups of an SPF record that are followed; a receiver stops after 10.
const SPF_LOOKUPS_MAX: usize = crate::wire::spf::SURVEY_LOOKUPS_MAX;
/// Most names on the tree walk of DMARC (RFC 9989 section 4.10).
const DMARC_WALK_MAX: usize = 8;
/// Most addresses of exchangers that are connected to.
const ENDPOINTS_MAX: usize = 20;

fn observe(context: ProbeContext<'_>) -> ProbeFuture<'_> {
    Box::pin(async move {
        if context.target.name.parse::<IpAddr>().is_ok() {
            let why = "the target is an address, which is no mail domain";
            return AreaReport::unseen(Area::Mail, &NetError::new(GapReason::NotAsked, why));
        }
        let (session, domain) = (context.session, context.target.name.as_str());
        let (exchangers, spf, dmarc, dkim, tls_rpt, bimi, mut mta_sts, below) = tokio::join!(
            exchangers::observe(session, domain, context.level),
            spf::observe(session, domain),
            dmarc::observe(session, domain),
            dkim::observe(session, context.target, context.level),
            transport::tls_rpt(session, domain),
            transport::bimi(session, domain),
            transport::mta_sts(session, domain),
            subdomains::observe(session, domain, context.level),
        );
        transport::compare_exchangers(&mut mta_sts.0, &exchangers.mx, &mut mta_sts.1);

        let mut notes = exchangers.notes;
        for part in [
            spf.notes,
            dmarc.notes,
            dkim.1,
            tls_rpt.1,
            bimi.1,
            mta_sts.1,
            below.1,
        ] {
            notes.add(part);
        }
        let facts = MailFacts {
            domain: domain.to_owned(),
            organisational_domain: dmarc.organisational_domain,
            mx: exchangers.mx,
            mx_authenticated: exchangers.authenticated,
            receives: exchangers.receives,
            sends: spf.sends,
            spf: spf.spf,
            dmarc: dmarc.dmarc,
            dkim: dkim.0.into(),
            mta_sts: mta_sts.0,
            tls_rpt: tls_rpt.0,
            bimi: bimi.0,
            subdomains: below.0,
            spoofing: Seen::Unseen,
        };
        notes.gaps.sort();
        notes.gaps.dedup();
        notes.evidence.sort();
        AreaReport::seen(Area::Mail, &facts, notes.gaps, notes.evidence)
    })
}

fn plan(target: &Target, level: Level) -> Vec<PlannedExchange> {
    let domain = &target.name;
    if domain.parse::<IpAddr>().is_ok() {
        return Vec::new();
    }
    let exchange = |to: String, what: String, at_most: usize| PlannedExchange {
        area: Area::Mail,
        to,
        what,
        at_most: u32::try_from(at_most).unwrap_or(u32::MAX),
    };
    let resolver = || "resolver".to_owned();
    let labels = domain.split('.').count();
    let mut plan = vec![
        exchange(resolver(), format!("MX, A and AAAA of {domain}"), 3),
        exchange(
            resolver(),
            format!("SPF record of {domain} and what it includes"),
            spf::QUESTIONS_MAX,
        ),
        exchange(
            resolver(),
            format!("_dmarc.{domain} and the names above"),
            labels.min(DMARC_WALK_MAX),
        ),
        exchange(
            resolver(),
            "consent of the domains that DMARC reports are to go to".to_owned(),
            reports::LOOKUPS_MAX,
        ),
        exchange(
            resolver(),
            "MX, A and AAAA of those domains".to_owned(),
            3 * reports::LOOKUPS_MAX,
        ),
        exchange(
            resolver(),
            "A and AAAA of the exchangers".to_owned(),
            ENDPOINTS_MAX * 2,
        ),
        exchange(
            resolver(),
            "SOA of the registrable domain of each name that does not exist and is pointed to"
                .to_owned(),
            ENDPOINTS_MAX + SPF_LOOKUPS_MAX + reports::LOOKUPS_MAX,
        ),
        exchange(
            resolver(),
            "TLSA of the exchangers".to_owned(),
            tlsa::EXCHANGERS_MAX + 1,
        ),
        exchange(
            resolver(),
            format!("DKIM keys below _domainkey.{domain}"),
            dkim::selectors(target, level).len(),
        ),
        exchange(
            resolver(),
            format!("_mta-sts, _smtp._tls and default._bimi below {domain}"),
            3,
        ),
        exchange(
            format!("mta-sts.{domain}:443"),
            "GET /.well-known/mta-sts.txt".to_owned(),
            1,
        ),
    ];
    if level >= Level::Standard {
        plan.push(exchange(
            resolver(),
            format!("names below {domain}: TXT, A, AAAA, MX and _dmarc, and what their SPF records include"),
            subdomains::NAMES_MAX * (subdomains::QUESTIONS_MAX + spf::QUESTIONS_MAX),
        ));
        plan.push(exchange(
            format!("exchangers of {domain}, port 25"),
            "EHLO and QUIT".to_owned(),
            ENDPOINTS_MAX,
        ));
    }
    plan
}
