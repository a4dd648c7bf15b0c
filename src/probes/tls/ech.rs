//! Whether a website reads hellos that are encrypted with the configurations which
//! its HTTPS record publishes (RFC 9849, RFC 9460): one handshake as a browser makes
//! it. Where the server goes on without, one more with the configurations that it sent
//! instead; else one for the public name, as whoever comes with an old key makes it.
//! Where nothing is published, nothing is sent.

use hickory_proto::rr::rdata::{SVCB, svcb::SvcParamValue};
use std::net::IpAddr;

use super::exchange::Endpoint;
use super::facts::EchFault;
use super::first_contact::First;
use super::handshakes::attempt;
use crate::model::gap::GapReason;
use crate::net::{
    NetError, ServiceRecords, name_text,
    tls::{Attempt, EchOffer, HandshakeError, Offer},
};
use crate::wire::ech::{self, Contents, EchConfig, Fault};

/// What is published for an endpoint, and what came of it.
#[derive(Debug)]
pub enum Ech {
    /// Nothing, or the endpoint is no website.
    Unpublished,
    /// Something that our client cannot offer; why.
    Unusable(NetError),
    /// Something that no client can use.
    Faulty {
        /// The parameter of the HTTPS record.
        published: Vec<u8>,
        /// Why.
        fault: EchFault,
    },
    /// A configuration that was offered.
    Offered(Box<Offered>),
}

/// What came of an offer.
#[derive(Debug)]
pub struct Offered {
    /// The parameter of the HTTPS record.
    pub published: Vec<u8>,
    /// The configuration that was offered.
    pub contents: Contents,
    /// How the server answered.
    pub answer: Result<EchAnswer, NetError>,
    /// Whether it accepted a configuration that it sent instead; `None` where it sent
    /// none that is new and that we can offer.
    pub retried: Option<Result<bool, NetError>>,
    /// The handshake for the public name.
    pub outer: Result<Outer, NetError>,
}

/// How a server answers an encrypted hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchAnswer {
    /// It read it.
    Accepted,
    /// It went on without it, and sent no configurations instead.
    PassedOver,
    /// It went on without it, and sent those that are published.
    Repeated,
    /// It went on without it, and sent others.
    Replaced,
    /// It ended the handshake.
    Ended,
}

/// How a server answers a client that asks for the public name.
#[derive(Debug)]
pub enum Outer {
    /// With these certificates.
    Shown(Box<Attempt>),
    /// It refuses.
    Refused,
}

/// Looks for configurations, and offers one.
///
/// # Errors
/// When it cannot be known whether there are any.
pub async fn ech(endpoint: &Endpoint<'_>, first: &First) -> Result<Ech, NetError> {
    if endpoint.host.parse::<IpAddr>().is_ok() {
        return Ok(Ech::Unpublished);
    }
    let service = endpoint
        .session
        .service_records(&endpoint.host, endpoint.port);
    let Some(published) = published(&service.await?, endpoint).await? else {
        return Ok(Ech::Unpublished);
    };
    let configs = match ech::configs(&published) {
        Some(configs) => configs,
        None => {
            let fault = EchFault::ListBroken;
            return Ok(Ech::Faulty { published, fault });
        }
    };
    let Some((contents, offer)) = usable(&configs) else {
        if let Some(fault) = fault(&configs) {
            return Ok(Ech::Faulty { published, fault });
        }
        let detail = "no configuration has a key and a cipher that we have";
        return Ok(Ech::Unusable(NetError::new(GapReason::NotAsked, detail)));
    };
    let mut offered = offered(endpoint, first, &configs, contents, offer).await;
    offered.published = published;
    Ok(Ech::Offered(Box::new(offered)))
}

/// The parameter of the record that clients prefer among those that lead to this
/// endpoint. Those that lead elsewhere say nothing about it, unless they are the only
/// ones with configurations.
async fn published(
    service: &ServiceRecords,
    endpoint: &Endpoint<'_>,
) -> Result<Option<Vec<u8>>, NetError> {
    let mut with_list: Vec<(&SVCB, &[u8])> = service
        .records
        .iter()
        .filter_map(|record| {
            record.svc_params.iter().find_map(|(_, value)| match value {
                SvcParamValue::EchConfigList(list) => Some((record, &list.0[..])),
                _ => None,
            })
        })
        .collect();
    with_list.sort_by_key(|(record, _)| record.svc_priority);
    let mut elsewhere = None;
    for (record, list) in with_list {
        let target = match record.target_name.is_root() {
            true => service.owner.clone(),
            false => name_text(&record.target_name),
        };
        let same_port = port(record).is_none_or(|port| port == endpoint.port);
        if same_port {
            match leads_here(service, &target, endpoint).await {
                Ok(true) => return Ok(Some(list.to_vec())),
                Ok(false) => {}
                Err(error) => {
                    elsewhere.get_or_insert(error);
                }
            }
        }
        let detail = format!(
            "the HTTPS record leads to {target}, to another address or port: not looked at"
        );
        elsewhere.get_or_insert(NetError::new(GapReason::OutOfScope, detail));
    }
    elsewhere.map_or(Ok(None), Err)
}

/// Whether the name that a record leads to has the address of this endpoint: by itself, or
/// because it stands for the same host. Nothing but its addresses is asked for.
async fn leads_here(
    service: &ServiceRecords,
    target: &str,
    endpoint: &Endpoint<'_>,
) -> Result<bool, NetError> {
    // The name asked for, or the canonical one: that of the host's addresses too.
    let own = !service.aliased && target == service.owner;
    if own || target == endpoint.host {
        return Ok(true);
    }
    let found = endpoint.session.addresses(target).await?;
    let here = found.addresses.iter().any(|found| found.ip == endpoint.ip);
    match found.failures.into_iter().next() {
        Some((_, error)) if !here => Err(error),
        _ => Ok(here),
    }
}

fn port(record: &SVCB) -> Option<u16> {
    record.svc_params.iter().find_map(|(_, value)| match value {
        SvcParamValue::Port(port) => Some(*port),
        _ => None,
    })
}

/// The first configuration that we can offer.
fn usable(configs: &[EchConfig]) -> Option<(Contents, EchOffer)> {
    let mut sound = configs.iter().filter(|config| config.fault().is_none());
    sound.find_map(|config| {
        let contents = config.contents.clone()?;
        Some((contents, EchOffer::new(config)?))
    })
}

/// What keeps every client from using any of them: that of the first.
fn fault(configs: &[EchConfig]) -> Option<EchFault> {
    let faults: Option<Vec<Fault>> = configs.iter().map(EchConfig::fault).collect();
    faults?.first().map(|fault| match fault {
        Fault::OtherVersion => EchFault::OtherVersion,
        Fault::Extension => EchFault::Extension,
        Fault::PublicName => EchFault::PublicName,
        Fault::Key => EchFault::Key,
    })
}

async fn offered(
    endpoint: &Endpoint<'_>,
    first: &First,
    configs: &[EchConfig],
    contents: Contents,
    ech: EchOffer,
) -> Offered {
    let plain = Offer {
        sessions: None,
        ..first.offer.clone()
    };
    let with = |ech| Offer {
        ech: Some(ech),
        ..plain.clone()
    };
    let public_name = contents.public_name.clone();
    let mut offered = Offered {
        published: Vec::new(),
        contents,
        answer: Ok(EchAnswer::Accepted),
        retried: None,
        outer: Ok(Outer::Refused),
    };
    let tried = match attempt(endpoint, &endpoint.host, &with(ech)).await {
        Ok(tried) => tried,
        Err(error) => {
            offered.answer = Err(error.clone());
            offered.outer = Err(error);
            return offered;
        }
    };
    match &tried.result {
        Ok(_) => {}
        Err(HandshakeError::EchRefused(instead)) => {
            let new = |raw: &&Vec<u8>| configs.iter().all(|config| config.raw != **raw);
            let new: Vec<&[u8]> = instead.iter().filter(new).map(Vec::as_slice).collect();
            offered.answer = Ok(match (instead.is_empty(), new.is_empty()) {
                (true, _) => EchAnswer::PassedOver,
                (false, true) => EchAnswer::Repeated,
                (false, false) => EchAnswer::Replaced,
            });
            let new = ech::configs(&ech::list(new)).unwrap_or_default();
            offered.outer = Ok(Outer::Shown(Box::new(tried)));
            if let Some((_, ech)) = usable(&new) {
                let again = attempt(endpoint, &endpoint.host, &with(ech)).await;
                offered.retried = Some(again.and_then(|again| accepted(&again)));
            }
            return offered;
        }
        // Whoever comes without an encrypted hello is answered.
        Err(HandshakeError::Alert(_) | HandshakeError::Incompatible(_)) if first.agreed() => {
            offered.answer = Ok(EchAnswer::Ended);
        }
        Err(error) => offered.answer = Err(error.into()),
    }
    offered.outer = attempt(endpoint, &public_name, &plain)
        .await
        .and_then(outer);
    offered
}

fn accepted(attempt: &Attempt) -> Result<bool, NetError> {
    match &attempt.result {
        Ok(_) => Ok(true),
        Err(
            HandshakeError::EchRefused(_)
            | HandshakeError::Alert(_)
            | HandshakeError::Incompatible(_),
        ) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn outer(attempt: Attempt) -> Result<Outer, NetError> {
    match &attempt.result {
        _ if !attempt.certificates.is_empty() => Ok(Outer::Shown(Box::new(attempt))),
        Err(HandshakeError::Alert(_)) => Ok(Outer::Refused),
        Err(error) => Err(error.into()),
        Ok(_) => {
            let detail = "no certificate was sent";
            Err(NetError::new(GapReason::TlsFailed, detail))
        }
    }
}
