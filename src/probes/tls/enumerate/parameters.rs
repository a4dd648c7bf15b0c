//! Curves, finite fields and signature schemes up to TLS 1.2, beyond those that
//! came with the suites.

use super::beside::signs;
use super::choice::{choice, learn, offer};
use super::exchanges::Values;
use super::{Ask, Enumeration, Outcome, Prober, Purpose};
use crate::net::NetError;
use crate::probes::tls::facts::PreferenceBy;
use crate::probes::tls::features::is_signed;
use crate::wire::tls::{
    Version,
    client_hello::ClientHello,
    flight::Flight,
    groups::{self, Kind},
    key_exchange::KeyExchange,
    signatures,
    suites::{self, Authentication, Suite},
};

/// `secp256r1`.
const P256: u16 = 23;

/// Asks for all of them in the newest version up to TLS 1.2.
pub(super) async fn parameters<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let newest = [Version::Tls12, Version::Tls11, Version::Tls10]
        .into_iter()
        .find(|version| {
            let facts = found.versions.get(version);
            facts.is_some_and(|facts| facts.accepted == Ok(true))
        });
    let Some(version) = newest else { return };
    let both = version == Version::Tls12 && curves_and_fields(prober, found).await;
    let through = both || version == Version::Tls12 && found.curves_through;
    let ambiguous = !through && curves(prober, version, found, version == Version::Tls12).await;
    if version == Version::Tls12 {
        if !both {
            finite_fields(prober, found).await;
        }
        let before = found.schemes.clone();
        schemes(prober, found).await;
        // New ones for keys on curves say nothing of suites for other keys.
        let asked = accepted(found, version);
        let mut asked = asked.iter().filter(|suite| suite.key_exchange == "ECDHE");
        let on_curve = asked.all(|suite| suite.authentication == Authentication::Ecdsa);
        let mut new = found.schemes.difference(&before);
        let had_schemes = new.any(|id| {
            let scheme = signatures::by_id(*id);
            scheme.is_some_and(|s| signs(s.name, Authentication::Ecdsa) == on_curve)
        });
        if ambiguous && !had_schemes {
            // It was the schemes that had come to their end, and not the curves.
            curves(prober, version, found, false).await;
        }
        let broken = |id: &&u16| signatures::by_id(**id).is_some_and(|s| s.is_broken());
        let broken = found.schemes.iter().filter(broken);
        found.features.schemes.extend(broken);
    }
    repeated(prober, version, found).await;
}

fn accepted(found: &Enumeration, version: Version) -> Vec<&'static Suite> {
    let facts = found.versions.get(&version);
    let suites = facts.into_iter().flat_map(|facts| &facts.suites);
    suites.filter_map(|suite| suites::by_id(suite.id)).collect()
}

/// Curves; where `with_schemes`, offers no signature scheme twice either, so
/// that each answer shows one of both. Tells whether it came to an end for want
/// of either.
async fn curves<A: Ask>(
    prober: &Prober<'_, A>,
    version: Version,
    found: &mut Enumeration,
    with_schemes: bool,
) -> bool {
    let mut with_curves = accepted(found, version);
    with_curves.retain(|suite| suite.key_exchange == "ECDHE");
    // A certificate with an elliptic curve key can only be used when its own
    // curve is offered; suites without one leave us free.
    let free: Vec<u16> = with_curves
        .iter()
        .filter(|suite| suite.authentication != Authentication::Ecdsa)
        .map(|suite| suite.id)
        .collect();
    let held = free.is_empty();
    let wanted = if held {
        with_curves.iter().map(|suite| suite.id).collect()
    } else {
        free
    };
    if wanted.is_empty() {
        let open = found.versions.get(&version);
        let open = open.and_then(|facts| facts.open.clone());
        found.groups_open = found.groups_open.take().or(open);
        return false;
    }
    let keep: Vec<u16> = if held { leaf_curves(found) } else { Vec::new() };
    loop {
        let mut hello = offer(prober, version, &found.features);
        hello.suites.clone_from(&wanted);
        // TLS 1.3 tells of most; P-256 is all that many older clients have.
        let open = |group: &u16| *group == P256 && !found.groups_older.accepted.contains(group);
        hello
            .groups
            .retain(|group| open(group) || !found.groups.contains(group));
        hello.groups.sort_by_key(|group| *group == P256);
        if hello.groups.is_empty() {
            return false;
        }
        hello.groups.extend(&keep);
        if with_schemes {
            leave_out_schemes(&mut hello, found);
        }
        match prober.ask(&hello, Purpose::Enumeration).await {
            Outcome::Accepted(flight) => {
                let before = found.groups_older.accepted.len();
                if let Some(suite) = choice(&flight, &hello, version) {
                    learn(&flight, &hello, suite, version, found);
                }
                if found.groups_older.accepted.len() == before {
                    return false;
                }
            }
            Outcome::Refused(_) => return with_schemes,
            Outcome::Unclear(error) => {
                found.groups_open.get_or_insert(error);
                return false;
            }
        }
    }
}

/// Leaves out the schemes that were seen, while others are left; certificates
/// may be signed with all of them. Tells whether others were left.
pub(super) fn leave_out_schemes(hello: &mut ClientHello, found: &Enumeration) -> bool {
    if found.schemes_through {
        return false;
    }
    let all = hello.signature_schemes.clone();
    hello
        .signature_schemes
        .retain(|scheme| is_open(*scheme, found));
    let left = !hello.signature_schemes.is_empty();
    if left {
        hello.certificate_schemes = all;
    } else {
        hello.signature_schemes = all;
    }
    left
}

/// Whether it was not seen yet, and will not be seen otherwise.
fn is_open(scheme: u16, found: &Enumeration) -> bool {
    !found.schemes.contains(&scheme) && found.left_scheme != Some(scheme)
}

/// Curves of the keys of the certificates seen.
pub(super) fn leaf_curves(found: &Enumeration) -> Vec<u16> {
    found
        .chains
        .iter()
        .filter_map(|chain| chain.certificates.first())
        .filter_map(|der| crate::wire::x509::Certificate::read(der).ok()?.key.curve)
        .filter_map(|curve| groups::by_name(&curve).map(|group| group.id))
        .collect()
}

/// Schemes that it signs with in TLS 1.2 when those that it likes better are
/// not offered.
async fn schemes<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let mut signed = accepted(found, Version::Tls12);
    signed.retain(|suite| is_signed(suite));
    let outcome = if signed.is_empty() || found.schemes_through {
        Ok(())
    } else {
        let wanted = signed.iter().map(|suite| suite.id).collect();
        schemes_of(prober, wanted, found).await
    };
    found.features.broken_schemes_asked = Some(outcome);
}

/// A scheme to leave to the handshake that looks for sessions of TLS 1.2: one of those
/// for RSA keys of which the server has shown another, so that it has this one too, mostly.
pub(super) fn left_scheme(found: &Enumeration) -> Option<u16> {
    const PSS: [u16; 3] = [0x0806, 0x0805, 0x0804];
    let makes_it = accepted(found, Version::Tls12).iter().any(|suite| {
        suite.authentication == Authentication::Rsa
            && suite.key_exchange == "ECDHE"
            && matches!(suite.mode, "GCM" | "POLY1305")
    });
    let seen = |scheme: &u16| found.schemes.contains(scheme);
    let left = PSS.into_iter().find(|scheme| !seen(scheme));
    left.filter(|_| makes_it && found.gives_session_id == Some(true) && PSS.iter().any(seen))
}

/// Asks for the scheme that was left, where the handshake did not show it.
pub async fn ask_left_scheme<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let Some(left) = found.left_scheme.take() else {
        return;
    };
    let mut wanted = accepted(found, Version::Tls12);
    wanted.retain(|suite| is_signed(suite));
    let mut hello = ClientHello {
        suites: wanted.iter().map(|suite| suite.id).collect(),
        ..offer(prober, Version::Tls12, &found.features)
    };
    hello.certificate_schemes = std::mem::replace(&mut hello.signature_schemes, vec![left]);
    match prober.ask(&hello, Purpose::Other).await {
        Outcome::Accepted(flight) => {
            if let Some(suite) = choice(&flight, &hello, Version::Tls12) {
                learn(&flight, &hello, suite, Version::Tls12, found);
            }
        }
        Outcome::Refused(_) => {}
        Outcome::Unclear(error) => found.features.broken_schemes_asked = Some(Err(error)),
    }
}

async fn schemes_of<A: Ask>(
    prober: &Prober<'_, A>,
    wanted: Vec<u16>,
    found: &mut Enumeration,
) -> Result<(), NetError> {
    loop {
        let mut hello = ClientHello {
            suites: wanted.clone(),
            ..offer(prober, Version::Tls12, &found.features)
        };
        hello
            .certificate_schemes
            .clone_from(&hello.signature_schemes);
        hello
            .signature_schemes
            .retain(|scheme| is_open(*scheme, found));
        if hello.signature_schemes.is_empty() {
            return Ok(());
        }
        let flight = match prober.ask(&hello, Purpose::Other).await {
            Outcome::Accepted(flight) => flight,
            Outcome::Refused(_) => return Ok(()),
            Outcome::Unclear(error) => return Err(error),
        };
        let before = found.schemes.len();
        if let Some(suite) = choice(&flight, &hello, Version::Tls12) {
            learn(&flight, &hello, suite, Version::Tls12, found);
        }
        if found.schemes.len() == before {
            // It signs with what was not offered, and so again: there is no end to see.
            return Ok(());
        }
    }
}

/// Curves and groups of RFC 7919 of TLS 1.2 by the same hellos, where it is known that
/// the server takes ECDHE before DHE: then DHE says that no curve is left. Tells
/// whether both are through; nothing is asked where that is not known.
async fn curves_and_fields<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) -> bool {
    let all = accepted(found, Version::Tls12);
    let of = |exchange: &str| {
        let mut suites = all.clone();
        // A key on a curve needs that curve (RFC 8422 section 2.2).
        suites.retain(|suite| {
            suite.key_exchange == exchange
                && is_signed(suite)
                && suite.authentication != Authentication::Ecdsa
        });
        suites
    };
    let (with_curves, finite) = (of("ECDHE"), of("DHE"));
    let facts = found.versions.get(&Version::Tls12);
    let first = |exchange: &str| all.iter().position(|suite| suite.key_exchange == exchange);
    let curves_first = match facts.and_then(|facts| facts.preference) {
        Some(PreferenceBy::Client) => true,
        Some(PreferenceBy::Server) => {
            let curve = with_curves
                .first()
                .and_then(|wanted| all.iter().position(|suite| suite.id == wanted.id));
            curve
                .zip(first("DHE"))
                .is_some_and(|(curve, dhe)| curve < dhe)
        }
        _ => false,
    };
    if !curves_first || with_curves.is_empty() || finite.is_empty() {
        return false;
    }
    let mut fields = unseen_fields(found);
    let (mut more_curves, mut with_schemes) = (!found.curves_through, true);
    while more_curves || !fields.is_empty() {
        let mut hello = offer(prober, Version::Tls12, &found.features);
        let unseen = |group: &u16| !found.groups.contains(group);
        hello.groups.retain(|group| more_curves && unseen(group));
        more_curves = !hello.groups.is_empty();
        hello.groups.extend(&fields);
        let curves = if more_curves { &with_curves[..] } else { &[] };
        let suites = curves.iter().chain(&finite);
        hello.suites = suites.map(|suite| suite.id).collect();
        if hello.groups.is_empty() {
            return true;
        }
        with_schemes = with_schemes && leave_out_schemes(&mut hello, found);
        let flight = match prober.ask(&hello, Purpose::Enumeration).await {
            Outcome::Accepted(flight) => flight,
            Outcome::Refused(_) if with_schemes => {
                with_schemes = false;
                continue;
            }
            Outcome::Refused(_) => return true,
            Outcome::Unclear(error) => {
                found.groups_open.get_or_insert(error);
                return true;
            }
        };
        let Some(suite) = choice(&flight, &hello, Version::Tls12) else {
            return false;
        };
        let before = found.groups.len();
        learn(&flight, &hello, suite, Version::Tls12, found);
        if with_curves.iter().any(|known| known.id == suite) {
            if found.groups.len() == before {
                // It takes a curve that was not offered.
                return false;
            }
            continue;
        }
        more_curves = false;
        match taken_field(&flight).filter(|group| fields.contains(group)) {
            Some(group) => fields.retain(|known| *known != group),
            // It has its own field, whatever is offered.
            None => return true,
        }
    }
    true
}

/// Groups of RFC 7919 that no answer has shown. Its own field may be one of them: then
/// the question is whether it takes others.
fn unseen_fields(found: &Enumeration) -> Vec<u16> {
    groups::all()
        .iter()
        .filter(|group| matches!(group.kind, Kind::FiniteField(_)))
        .map(|group| group.id)
        .filter(|group| !found.groups_older.accepted.contains(group))
        .collect()
}

/// The group of RFC 7919 that an answer uses.
fn taken_field(flight: &Flight) -> Option<u16> {
    let body = flight.key_exchange.as_ref()?;
    let named = KeyExchange::parse(body, "DHE", false)?;
    groups::by_name(named.ffdhe_name()?).map(|group| group.id)
}

/// Groups of RFC 7919: a server that knows them takes one of those offered, and
/// no DHE suite when it has none of them (section 4).
async fn finite_fields<A: Ask>(prober: &Prober<'_, A>, found: &mut Enumeration) {
    let mut finite = accepted(found, Version::Tls12);
    finite.retain(|suite| suite.key_exchange == "DHE");
    if finite.is_empty() {
        return;
    }
    if finite.iter().any(|suite| is_signed(suite)) {
        finite.retain(|suite| is_signed(suite));
    }
    let mut left = unseen_fields(found);
    // Each answer shows a scheme too, while there are new ones.
    let mut with_schemes = true;
    while !left.is_empty() {
        let mut hello = ClientHello {
            suites: finite.iter().map(|suite| suite.id).collect(),
            groups: left.clone(),
            ..offer(prober, Version::Tls12, &found.features)
        };
        with_schemes = with_schemes && leave_out_schemes(&mut hello, found);
        match prober.ask(&hello, Purpose::Enumeration).await {
            Outcome::Accepted(flight) => {
                if let Some(suite) = choice(&flight, &hello, Version::Tls12) {
                    learn(&flight, &hello, suite, Version::Tls12, found);
                }
                let taken = taken_field(&flight);
                match taken.filter(|group| left.contains(group)) {
                    Some(group) => left.retain(|known| *known != group),
                    // It has its own field, whatever is offered.
                    None => return,
                }
            }
            Outcome::Refused(_) if with_schemes => with_schemes = false,
            Outcome::Refused(_) => return,
            Outcome::Unclear(error) => {
                found.groups_open.get_or_insert(error);
                return;
            }
        }
    }
}

/// One more hello where only one public value was seen, to compare it with.
async fn repeated<A: Ask>(prober: &Prober<'_, A>, version: Version, found: &mut Enumeration) {
    let single = |values: &Values| values.any() && values.reused().is_none();
    let exchanges = &found.exchanges;
    for (exchange, wanted) in [
        ("ECDHE", single(&exchanges.curves)),
        ("DHE", single(&exchanges.finite)),
    ] {
        let mut suites = accepted(found, version);
        suites.retain(|suite| suite.key_exchange == exchange);
        if !wanted || suites.is_empty() {
            continue;
        }
        let hello = ClientHello {
            suites: suites.iter().map(|suite| suite.id).collect(),
            ..offer(prober, version, &found.features)
        };
        if let Outcome::Accepted(flight) = prober.ask(&hello, Purpose::Other).await
            && let Some(suite) = choice(&flight, &hello, version)
        {
            learn(&flight, &hello, suite, version, found);
        }
    }
}
