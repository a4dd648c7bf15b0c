//! The TLS probe: what each address of the target accepts, and which
//! certificates it shows.
//!
//! To every address of a website on its port, and from level `standard` on to
//! every address of the mail exchangers on port 25 (after STARTTLS):
//!
//! * one handshake by rustls, as a modern browser makes it; nothing is sent
//!   over the connection;
//! * from level `standard` on, one more handshake for the other kind of
//!   certificate, and hellos that end at the server's answer: about one for
//!   each suite and group that the server accepts;
//! * from level `standard` on, one request to port 80 of a website on port 443, whether plain
//!   HTTP goes on as TLS on the same connection;
//! * from level `standard` on, where the HTTPS record of a website publishes
//!   configurations for it, one handshake with an encrypted hello, and one that follows
//!   from the answer;
//! * from level `standard` on, a question by HTTP to the OCSP responder or the
//!   list of revoked certificates that a trusted certificate names;
//! * at level `intrusive`, a few hellos that go on with a message out of place,
//!   which vulnerable libraries react to. None brings memory of the server to
//!   light or harms it.

mod ahead;
mod certificates;
mod chain;
mod ech;
mod endpoints;
mod enumerate;
mod exchange;
pub mod facts;
mod features;
mod fingerprint;
mod first_contact;
mod fold;
mod fold_certificate;
mod fold_ech;
mod fold_evidence;
mod fold_features;
mod fold_fingerprint;
mod fold_handshake;
mod fold_offers;
mod fold_revocation;
mod fold_transparency;
mod fold_vulnerabilities;
mod gate;
mod handshakes;
mod http_upgrade;
mod issued;
mod jobs;
mod limited;
mod names;
mod prober;
mod protected;
mod quic;
mod revocation;
mod signatures;
pub mod starttls;
mod vulnerabilities;

use jiff::Timestamp;

pub use endpoints::Service;

use super::registry::{
    AreaReport, PlannedExchange, Probe, ProbeContext, ProbeFuture, check_facts, schema_of,
};
use crate::model::{
    level::{Area, Level},
    target::{Role, Target},
};

/// The TLS probe.
pub static PROBE: Probe = Probe {
    area: Area::Tls,
    fact_version: facts::FACT_VERSION,
    schema: schema_of::<facts::TlsFacts>,
    check: check_facts::<facts::TlsFacts>,
    plan,
    observe,
};

/// Most requests to the places that certificates name, for the plan.
const PLACES_MAX: u32 = 8;
/// Most hellos to one endpoint, for the plan: far more than any server needs.
const HELLOS_MAX: u32 = 150;

fn observe(context: ProbeContext<'_>) -> ProbeFuture<'_> {
    Box::pin(async move {
        let answers = endpoints::look(context.session, context.target, context.level).await;
        finish(context, answers).await
    })
}

/// Looks at one service of a target's name: any port, with implicit TLS or
/// after the upgrade of another protocol.
pub async fn observe_service(context: ProbeContext<'_>, service: Service) -> AreaReport {
    let ProbeContext {
        session,
        target,
        level,
        ..
    } = context;
    let answers = endpoints::look_at_service(session, target, level, service).await;
    finish(context, answers).await
}

/// Asks about the certificates that were seen, and writes the report.
async fn finish(context: ProbeContext<'_>, mut answers: jobs::Answers) -> AreaReport {
    let session = context.session;
    let setting = fold::Setting {
        roots: session.roots(),
        logs: session.ct_logs(),
        now: Timestamp::now(),
    };
    if context.level >= Level::Standard {
        let now = setting.now.as_second();
        answers.revocations = Box::pin(revocation::ask(
            session,
            &answers.endpoints,
            setting.roots,
            now,
        ))
        .await;
    }
    fold::report(&answers, setting)
}

fn plan(target: &Target, level: Level) -> Vec<PlannedExchange> {
    let exchange = |to: String, what: &str, at_most: u32| PlannedExchange {
        area: Area::Tls,
        to,
        what: what.to_owned(),
        at_most,
    };
    let enumerates = level >= Level::Standard;
    let mut places = Vec::new();
    let mail = target.roles.contains(&Role::MailDomain);
    let website = target.has_website() || !mail;
    let port = target.port.unwrap_or(443);
    if website {
        places.push(format!("{}:{port}", target.name));
    }
    if mail && enumerates {
        places.push(format!(
            "mail exchangers of {}, port 25 (STARTTLS)",
            target.name
        ));
    }
    let mut plan = Vec::new();
    for place in places {
        plan.push(exchange(
            place.clone(),
            "TLS handshakes, for each address",
            4,
        ));
        if enumerates {
            let what = "TLS hellos without a handshake, and to websites one QUIC datagram, for each address";
            plan.push(exchange(place.clone(), what, HELLOS_MAX));
            let what = "TLS handshakes with an encrypted hello, where the HTTPS record publishes a key, for each address";
            plan.push(exchange(place, what, 2));
        }
    }
    if enumerates && website && port == 443 {
        let what = "a question by plain HTTP whether it goes on as TLS, for each address";
        plan.push(exchange(format!("{}:80", target.name), what, 1));
    }
    if enumerates {
        plan.push(exchange(
            "places that trusted certificates name, port 80".to_owned(),
            "OCSP questions, and requests for lists of revoked certificates",
            PLACES_MAX,
        ));
    }
    plan
}
