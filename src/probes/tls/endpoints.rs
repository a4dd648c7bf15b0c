//! Which endpoints a target has.

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::net::IpAddr;

use super::ahead::Ahead;
use super::exchange::Endpoint;
use super::facts::EndpointPurpose;
use super::gate::Gate;
use super::jobs::{Answers, endpoint_answers};
use super::starttls::Protocol;
use crate::model::{
    gap::GapReason,
    level::Level,
    target::{Role, Target},
};
use crate::net::{NetError, RecordType, Session};

/// Most exchangers that are asked.
pub const EXCHANGERS_MAX: usize = 10;
/// Most endpoints of a target.
pub const ENDPOINTS_MAX: usize = 40;

/// A service on every address of the target's name.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The port.
    pub port: u16,
    /// What is upgraded to TLS; implicit TLS without it.
    pub starttls: Option<Protocol>,
}

/// Looks at one service of a target, which need not be one of its roles.
pub async fn look_at_service(
    session: &Session,
    target: &Target,
    level: Level,
    service: Service,
) -> Answers {
    let mut answers = Answers::default();
    let found = addresses(session, &target.name, &mut answers).await;
    let starttls = service.starttls;
    let looks = found
        .into_iter()
        .take(ENDPOINTS_MAX)
        .map(|address| async move {
            let endpoint = Endpoint {
                session,
                host: address.host,
                ip: address.ip,
                port: service.port,
                starttls,
                gate: Gate::default(),
                ahead: Ahead::default(),
            };
            let purpose = match starttls {
                Some(Protocol::Smtp) => EndpointPurpose::Smtp,
                None => EndpointPurpose::Https,
                _ => EndpointPurpose::Other,
            };
            endpoint_answers(&endpoint, purpose, address.may_connect, level).await
        });
    answers.endpoints = join_all(looks).await;
    answers
}

/// Looks at all endpoints of a target.
pub async fn look(session: &Session, target: &Target, level: Level) -> Answers {
    let mut answers = Answers::default();
    let mut endpoints = Vec::new();
    let mail = target.roles.contains(&Role::MailDomain);
    if target.has_website() || !mail {
        let port = target.port.unwrap_or(443);
        let found = addresses(session, &target.name, &mut answers).await;
        endpoints.extend(
            found
                .into_iter()
                .map(|found| (found, port, EndpointPurpose::Https)),
        );
    }
    if mail && level == Level::Passive {
        answers.known = true;
        let detail = "mail exchangers are asked from level standard on";
        answers
            .open
            .push(NetError::new(GapReason::NotAsked, detail));
    } else if mail {
        for host in exchangers(session, &target.name, &mut answers).await {
            let found = addresses(session, &host, &mut answers).await;
            endpoints.extend(
                found
                    .into_iter()
                    .map(|found| (found, 25, EndpointPurpose::Smtp)),
            );
        }
    }
    if endpoints.len() > ENDPOINTS_MAX {
        let detail = format!("{} endpoints; {ENDPOINTS_MAX} were asked", endpoints.len());
        answers
            .open
            .push(NetError::new(GapReason::TooLarge, detail));
        endpoints.truncate(ENDPOINTS_MAX);
    }
    let looks = endpoints
        .into_iter()
        .map(|(address, port, purpose)| async move {
            let endpoint = Endpoint {
                session,
                host: address.host,
                ip: address.ip,
                port,
                starttls: (purpose == EndpointPurpose::Smtp).then_some(Protocol::Smtp),
                gate: Gate::default(),
                ahead: Ahead::default(),
            };
            endpoint_answers(&endpoint, purpose, address.may_connect, level).await
        });
    answers.endpoints = join_all(looks).await;
    answers
}

struct Address {
    host: String,
    ip: IpAddr,
    may_connect: Result<(), NetError>,
}

async fn addresses(session: &Session, host: &str, answers: &mut Answers) -> Vec<Address> {
    match session.addresses(host).await {
        Ok(set) => {
            answers.known = true;
            answers
                .open
                .extend(set.failures.into_iter().map(|(_, error)| error));
            let addresses = set.addresses.into_iter().map(|address| Address {
                host: host.to_owned(),
                ip: address.ip,
                may_connect: address.may_connect,
            });
            addresses.collect()
        }
        Err(error) => {
            let detail = format!("{host}: {}", error.detail);
            answers.open.push(NetError::new(error.reason, detail));
            Vec::new()
        }
    }
}

/// Names of the mail exchangers, the preferred first. A null MX (RFC 7505) names none.
async fn exchangers(session: &Session, domain: &str, answers: &mut Answers) -> Vec<String> {
    let answer = match session.lookup(domain, RecordType::MX).await {
        Ok(answer) => answer,
        Err(error) => {
            answers.open.push(error);
            return Vec::new();
        }
    };
    answers.known = true;
    let mut found: Vec<(u16, String)> = answer
        .data()
        .filter_map(|data| match data {
            RData::MX(mx) if !mx.exchange.is_root() => {
                Some((mx.preference, crate::net::name_text(&mx.exchange)))
            }
            _ => None,
        })
        .collect();
    found.sort();
    found.dedup_by(|a, b| a.1 == b.1);
    if found.len() > EXCHANGERS_MAX {
        let detail = format!("{} exchangers; {EXCHANGERS_MAX} were asked", found.len());
        answers
            .open
            .push(NetError::new(GapReason::TooLarge, detail));
        found.truncate(EXCHANGERS_MAX);
    }
    found.into_iter().map(|(_, name)| name).collect()
}
