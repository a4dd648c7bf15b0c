//! ROBOT (Böck, Somorovsky, Young: Return Of Bleichenbacher's Oracle Threat, 2018).

use super::super::exchange::{Endpoint, Reaction, fill_random};
use super::{PATIENCE, low_byte, unclear};
use crate::net::NetError;
use crate::wire::tls::{
    client_hello::ClientHello,
    rsa_padding::{Padding, client_key_exchange},
    suites,
};

/// Key exchanges by RSA with right and wrong paddings. All must meet the same
/// reaction, whether the handshake goes on behind them or not. Gives the
/// reactions that differ, record by record.
pub(super) async fn robot(
    endpoint: &Endpoint<'_>,
    mut hello: ClientHello,
) -> Result<Option<Vec<u8>>, NetError> {
    hello
        .suites
        .retain(|id| suites::by_id(*id).is_some_and(|suite| suite.key_exchange == "RSA"));
    if hello.suites.is_empty() {
        return Ok(None);
    }
    for goes_on in [true, false] {
        let first = reactions(endpoint, &hello, goes_on).await?;
        if all_equal(&first) {
            continue;
        }
        // Chance, or another server behind the same address, does not repeat itself.
        let second = reactions(endpoint, &hello, goes_on).await?;
        if kinds(&first) == kinds(&second) {
            return Ok(Some(
                first.into_iter().flat_map(|(_, proof)| proof).collect(),
            ));
        }
        let calm = all_equal(&second) && all_equal(&reactions(endpoint, &hello, goes_on).await?);
        if !calm {
            return Err(unclear("reactions to the same padding differ"));
        }
    }
    Ok(None)
}

type Reacted = (Reaction, Vec<u8>);

fn kinds(reactions: &[Reacted]) -> Vec<Reaction> {
    reactions.iter().map(|(kind, _)| *kind).collect()
}

fn all_equal(reactions: &[Reacted]) -> bool {
    let mut kinds = kinds(reactions);
    kinds.dedup();
    kinds.len() <= 1
}

/// The reaction to each padding.
async fn reactions(
    endpoint: &Endpoint<'_>,
    hello: &ClientHello,
    goes_on: bool,
) -> Result<Vec<Reacted>, NetError> {
    let minor = low_byte(hello.legacy_version);
    let mut seen = Vec::new();
    for padding in Padding::ALL {
        let mut random = [0; 48];
        fill_random(&mut random);
        let reaction = endpoint
            .react(&hello.encode(), PATIENCE, |flight| {
                let leaf = flight.certificates.as_ref()?.first()?;
                let (modulus, exponent) = crate::wire::x509::rsa_public_key(leaf)?;
                let message = client_key_exchange(padding, &modulus, &exponent, minor, random)?;
                let mut out = record(22, minor, &message);
                if goes_on {
                    out.extend(record(20, minor, &[1]));
                    // In the place of an encrypted Finished.
                    out.extend(record(22, minor, &[7; 64]));
                }
                Some(out)
            })
            .await?;
        seen.push(reaction.ok_or_else(|| unclear("no RSA certificate in the server's flight"))?);
    }
    Ok(seen)
}

fn record(kind: u8, minor: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let mut out = vec![kind, 3, minor];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactions_are_compared_by_kind() {
        let alert = |code| (Reaction::Alert(code), vec![21, 3, 3, 0, 2, 2, code]);
        assert!(all_equal(&[alert(20), alert(20)]));
        assert!(!all_equal(&[alert(20), alert(20), alert(47)]));
        assert!(!all_equal(&[
            alert(20),
            (Reaction::Reset, Vec::new()),
            alert(20)
        ]));
    }
}
