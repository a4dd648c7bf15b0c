//! Whether a website reads hellos that are encrypted with the configurations which
//! its HTTPS record publishes (RFC 9849, RFC 9460): one handshake as a browser makes
//! it. Where the server goes on without, one more with the configurations that it sent
//! instead; else one for the public name, as whoever comes with an old key makes it.
//! Where nothing is published, nothing is sent.

use hickory_proto::rr::{
    RData,
    rdata::svcb::{SVCB, SvcParamValue},
};
use std::net::IpAddr;

use super::exchange::Endpoint;
use super::first_contact::First;
use super::handshakes::attempt;
use crate::model::gap::GapReason;
use crate::net::{
    Answer, NetError, RecordType, https_owner, name_text,
    tls::{Attempt, EchOffer, HandshakeError, Offer},
};
use crate::wire::ech::{self, Contents, EchConfig};

/// What is published for an endpoint, and what came of it.
#[derive(Debug)]
pub enum Ech {
    /// Nothing, or the endpoint is no website.
    Unpublished,
    /// Something that cannot be offered; why.
    Unusable(NetError),
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
    let owner = https_owner(&endpoint.host, endpoint.port);
    let answer = endpoint.session.lookup(&owner, RecordType::HTTPS).await?;
    let Some(published) = published(&answer, endpoint)? else {
        return Ok(Ech::Unpublished);
    };
    let Some(configs) = ech::configs(published) else {
        let detail = "the parameter ech of the HTTPS record is broken";
        return Ok(Ech::Unusable(NetError::new(GapReason::Malformed, detail)));
    };
    let Some((contents, offer)) = usable(&configs) else {
        let detail = "no configuration has a version, a key and a cipher that we have";
        return Ok(Ech::Unusable(NetError::new(GapReason::NotAsked, detail)));
    };
    let mut offered = offered(endpoint, first, &configs, contents, offer).await;
    offered.published = published.to_vec();
    Ok(Ech::Offered(Box::new(offered)))
}

/// The parameter of the record that clients prefer among those that lead to this
/// endpoint. Those that lead elsewhere say nothing about it, unless they are the only
/// ones with configurations.
fn published<'a>(
    answer: &'a Answer,
    endpoint: &Endpoint<'_>,
) -> Result<Option<&'a [u8]>, NetError> {
    let owner = answer.aliases.last().map(|alias| &alias.target);
    let owner = owner.unwrap_or(&answer.name);
    let mut here: Option<(u16, &[u8])> = None;
    let mut elsewhere = None;
    for data in answer.data() {
        let RData::HTTPS(record) = data else {
            continue;
        };
        let record = &record.0;
        let list = record.svc_params.iter().find_map(|(_, value)| match value {
            SvcParamValue::EchConfigList(list) => Some(&list.0[..]),
            _ => None,
        });
        let Some(list) = list else {
            continue;
        };
        let target = name_text(&record.target_name);
        let same_name = record.target_name.is_root() || target == *owner || target == endpoint.host;
        if !same_name || port(record).is_some_and(|port| port != endpoint.port) {
            elsewhere = Some(target);
        } else if here.is_none_or(|(priority, _)| record.svc_priority < priority) {
            here = Some((record.svc_priority, list));
        }
    }
    match (here, elsewhere) {
        (Some((_, list)), _) => Ok(Some(list)),
        (None, None) => Ok(None),
        (None, Some(target)) => {
            let detail =
                format!("the HTTPS record leads to {target}, or to another port: not looked at");
            Err(NetError::new(GapReason::OutOfScope, detail))
        }
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
    configs.iter().find_map(|config| {
        let contents = config.contents.clone()?;
        Some((contents, EchOffer::new(config)?))
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
