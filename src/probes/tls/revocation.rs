//! Asks the places that certificates name whether they were revoked: OCSP first
//! (RFC 6960), else a list (RFC 5280 section 5). Over plain HTTP, as the RFCs
//! have it: what comes is signed.
//!
//! Who can write a certificate can write any URL into it. So a place is asked
//! only when the certificate leads to a trusted root, whose authority then
//! vouches for it; only on port 80, at public addresses, a few of them, without
//! following redirects; and not when a sound answer was stapled already.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

use super::enumerate::RawChain;
use super::fold::chains;
use super::issued::{Issued, authorities, is_trusted, issued};
use super::jobs::EndpointAnswers;
use crate::model::gap::GapReason;
use crate::net::{HttpRequest, NetError, RootStore, Session};
use crate::wire::{
    crl,
    ocsp::{self, Status},
    text::clean,
};

/// Most certificates of a target that are asked about.
const CERTIFICATES_MAX: usize = 8;
/// Most places of one kind that are asked about one certificate.
const PLACES_MAX: usize = 2;
/// Most authorities of one chain that are asked about.
const AUTHORITIES_MAX: usize = 3;
/// Time for one answer.
const TIME: Duration = Duration::from_secs(8);

/// What was learned, by the certificate in DER.
pub type Revocations = BTreeMap<Vec<u8>, Result<Vec<Place>, NetError>>;

/// A place that was asked.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its URL as the certificate has it.
    pub url: String,
    /// What was asked for.
    pub kind: Kind,
    /// The URL that was asked for, the question included.
    pub asked: String,
    /// What came.
    pub body: Result<Arc<Vec<u8>>, NetError>,
}

/// What a place gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An answer by OCSP.
    Ocsp,
    /// A list of revoked certificates.
    Crl,
}

/// Asks about every certificate of the endpoints, once each.
pub async fn ask(
    session: &Session,
    endpoints: &[EndpointAnswers],
    roots: &RootStore,
    now: i64,
) -> Revocations {
    let mut found = Revocations::new();
    let mut asked = 0;
    for chain in endpoints.iter().flat_map(chains) {
        let Some(leaf) = chain.raw.certificates.first() else {
            continue;
        };
        if found.get(leaf).is_some_and(Result::is_ok) {
            continue;
        }
        let result = match worth_asking(&chain.raw, roots, now) {
            Worth::No(error) => Err(error),
            Worth::Known => Ok(Vec::new()),
            Worth::Yes(_) if asked >= CERTIFICATES_MAX => {
                let detail = format!("more than {CERTIFICATES_MAX} certificates");
                Err(NetError::new(GapReason::TooLarge, detail))
            }
            Worth::Yes(issued) => {
                asked += 1;
                Ok(Box::pin(places(session, &issued, now)).await)
            }
        };
        found.insert(leaf.clone(), result);
        for (der, issued) in authorities_of(&chain.raw, roots, now) {
            if found.contains_key(&der) || asked >= CERTIFICATES_MAX {
                continue;
            }
            asked += 1;
            found.insert(der, Ok(Box::pin(places(session, &issued, now)).await));
        }
    }
    found
}

/// Authorities between a leaf and the root that vouches for them, where the whole
/// chain is trusted: whoever wrote places into them was let do so by the root.
pub fn authorities_of(chain: &RawChain, roots: &RootStore, now: i64) -> Vec<(Vec<u8>, Issued)> {
    if !is_trusted(&chain.certificates, roots, now) {
        return Vec::new();
    }
    let mut found = authorities(&chain.certificates, roots);
    found.truncate(AUTHORITIES_MAX);
    found
}

enum Worth {
    /// A sound answer is here, or there is nobody to ask.
    Known,
    Yes(Box<Issued>),
    /// Nobody is asked, for this reason.
    No(NetError),
}

fn worth_asking(chain: &RawChain, roots: &RootStore, now: i64) -> Worth {
    let Some(issued) = issued(&chain.certificates, roots) else {
        let detail = "the certificate of the issuer was not sent";
        return Worth::No(NetError::new(GapReason::NotAsked, detail));
    };
    let leaf = &issued.leaf;
    if leaf.ocsp.is_empty() && leaf.crl.is_empty() {
        return Worth::Known;
    }
    let stapled = chain.staple.as_ref();
    let stapled = stapled.map(|staple| ocsp::assess(staple, leaf, &issued.issuer, now));
    if stapled.is_some_and(|answer| answer.is_sound() && answer.status != Some(Status::Unknown)) {
        return Worth::Known;
    }
    if !is_trusted(&chain.certificates, roots, now) {
        let detail = "places are asked only if the certificate leads to a trusted root";
        return Worth::No(NetError::new(GapReason::NotAsked, detail));
    }
    Worth::Yes(Box::new(issued))
}

/// Asks until one place gives an answer that counts.
async fn places(session: &Session, issued: &Issued, now: i64) -> Vec<Place> {
    let (leaf, issuer) = (&issued.leaf, &issued.issuer);
    let mut found = Vec::new();
    let question = ocsp::path(&ocsp::request(leaf, issuer));
    for url in leaf.ocsp.iter().take(PLACES_MAX) {
        let asked = format!("{}/{question}", url.trim_end_matches('/'));
        let body = Box::pin(fetch(session, &asked, ocsp::MAX_BYTES));
        let body = session.kept(&asked, body).await;
        let counts = body.as_ref().is_ok_and(|body| {
            let answer = ocsp::assess(body, leaf, issuer, now);
            answer.is_sound() && answer.status != Some(Status::Unknown)
        });
        found.push(Place {
            url: url.clone(),
            kind: Kind::Ocsp,
            asked,
            body,
        });
        if counts {
            return found;
        }
    }
    for url in leaf.crl.iter().take(PLACES_MAX) {
        let body = Box::pin(fetch(session, url, crl::MAX_BYTES));
        let body = session.kept(url, body).await;
        let counts = |body: &Arc<Vec<u8>>| crl::assess(body, url, leaf, issuer, now).is_ok();
        let counts = body.as_ref().is_ok_and(counts);
        found.push(Place {
            url: url.clone(),
            kind: Kind::Crl,
            asked: url.clone(),
            body,
        });
        if counts {
            break;
        }
    }
    found
}

/// The body of an answer with status 200, from the first IPv4 or IPv6 address
/// that gives one.
async fn fetch(session: &Session, text: &str, max_body: usize) -> Result<Vec<u8>, NetError> {
    let place = clean(text, 200);
    let url = Url::parse(text)
        .map_err(|error| NetError::new(GapReason::Malformed, format!("{place}: {error}")))?;
    let host = match (url.scheme(), url.port_or_known_default(), url.host()) {
        ("http", Some(80), Some(Host::Domain(host))) => host.to_owned(),
        _ => {
            let detail = format!("{place}: only names are asked, over HTTP on port 80");
            return Err(NetError::new(GapReason::OutOfScope, detail));
        }
    };
    session.vouch_for(&host)?;
    let named = |error: NetError| {
        let detail = format!("{host}: {}", error.detail);
        NetError::new(error.reason, detail)
    };
    let set = session.addresses(&host).await.map_err(named)?;
    let mut last = NetError::new(GapReason::Unresolved, format!("{host} has no address"));
    for v4 in [true, false] {
        let Some(address) = set
            .addresses
            .iter()
            .find(|address| address.ip.is_ipv4() == v4)
        else {
            continue;
        };
        if let Err(error) = &address.may_connect {
            last = error.clone();
            continue;
        }
        let request = HttpRequest {
            max_body,
            time: TIME,
            ..HttpRequest::new(url.clone(), address.ip)
        };
        match session.get(&request).await {
            Err(error) => last = error,
            Ok(answer) if answer.status != 200 => {
                let detail = format!("{place} answered with status {}", answer.status);
                return Err(NetError::new(GapReason::Malformed, detail));
            }
            Ok(answer) => {
                return match answer.body_gap {
                    Some(error) => Err(error),
                    None => Ok(answer.body),
                };
            }
        }
    }
    Err(last)
}
