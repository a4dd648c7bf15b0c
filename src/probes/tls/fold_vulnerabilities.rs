//! Turns what was seen of vulnerabilities into facts.

use super::facts::{TlsEndpoint, Vulnerability, VulnerabilityName as Name};
use super::vulnerabilities::Vulnerabilities;
use crate::model::{gap::GapReason, seen::Seen};
use crate::net::NetError;

/// An answer that proves a vulnerability.
pub struct Proof<'a> {
    /// Its place below the endpoint.
    pub at: String,
    /// The server's bytes.
    pub bytes: &'a [u8],
    /// A command that shows the same, with `{host}` and `{port}` to be filled in.
    pub reproduce: &'static str,
}

/// Writes the facts; gives what is missing, with its place below the endpoint,
/// and the proofs.
pub fn fold<'a>(
    seen: Option<&'a Vulnerabilities>,
    facts: &mut TlsEndpoint,
) -> (Vec<(String, NetError)>, Vec<Proof<'a>>) {
    let (mut missing, mut proofs) = (Vec::new(), Vec::new());
    let Some(seen) = seen else {
        let detail = "vulnerabilities are looked for at level intrusive";
        let error = NetError::new(GapReason::NotAsked, detail);
        for at in [
            "/client_renegotiation",
            "/client_renegotiations",
            "/vulnerabilities",
        ] {
            missing.push((at.to_owned(), error.clone()));
        }
        return (missing, proofs);
    };
    let mut list = Vec::new();
    for (at, looked) in seen.list.iter().enumerate() {
        let present = match &looked.seen {
            Ok(proof) => {
                proofs.extend(proof.as_ref().map(|bytes| Proof {
                    at: format!("/vulnerabilities/{at}"),
                    bytes,
                    reproduce: reproduce(looked.name),
                }));
                Seen::Known(proof.is_some())
            }
            Err(error) => {
                missing.push((format!("/vulnerabilities/{at}/present"), error.clone()));
                Seen::Unseen
            }
        };
        list.push(Vulnerability {
            name: looked.name,
            present,
        });
    }
    facts.vulnerabilities = Seen::Known(list);
    match &seen.renegotiation {
        Ok(seen) => {
            let allowed = seen.as_ref().map(|seen| seen.allowed);
            facts.client_renegotiation = Seen::Known(allowed);
            match seen.as_ref().map(|seen| seen.count.as_ref()) {
                None => facts.client_renegotiations = Seen::Known(None),
                Some(Ok(count)) => facts.client_renegotiations = Seen::Known(Some(*count)),
                Some(Err(error)) => {
                    missing.push(("/client_renegotiations".to_owned(), error.clone()));
                }
            }
        }
        Err(error) => {
            for at in ["/client_renegotiation", "/client_renegotiations"] {
                missing.push((at.to_owned(), error.clone()));
            }
        }
    }
    (missing, proofs)
}

/// A command of everyday tools.
fn reproduce(name: Name) -> &'static str {
    match name {
        Name::Heartbleed => "nmap -Pn -p {port} --script ssl-heartbleed {host}",
        Name::EarlyChangeCipherSpec => "nmap -Pn -p {port} --script ssl-ccs-injection {host}",
        Name::Robot => "testssl.sh --robot {host}:{port}",
        Name::Ticketbleed => "nmap -Pn -p {port} --script tls-ticketbleed {host}",
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{RenegotiationEnd, Renegotiations};
    use super::super::vulnerabilities::{Looked, Renegotiation};
    use super::*;

    #[test]
    fn each_is_there_or_not_or_open() {
        let unclear = NetError::new(GapReason::Malformed, "reactions differ");
        let looked = |name, seen| Looked { name, seen };
        let seen = Vulnerabilities {
            list: vec![
                looked(Name::Heartbleed, Ok(Some(vec![24, 3, 3]))),
                looked(Name::EarlyChangeCipherSpec, Ok(None)),
                looked(Name::Robot, Err(unclear.clone())),
            ],
            renegotiation: Err(unclear),
        };
        let mut facts = TlsEndpoint::default();
        let (missing, proofs) = fold(Some(&seen), &mut facts);
        let list = facts.vulnerabilities.known().expect("looked for");
        let present: Vec<_> = list.iter().map(|one| one.present.known()).collect();
        assert_eq!(present, [Some(&true), Some(&false), None]);
        let places: Vec<&str> = missing.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(
            places,
            [
                "/vulnerabilities/2/present",
                "/client_renegotiation",
                "/client_renegotiations"
            ]
        );
        assert_eq!(proofs.len(), 1);
        assert_eq!(
            (proofs[0].at.as_str(), proofs[0].bytes),
            ("/vulnerabilities/0", &[24, 3, 3][..])
        );
        assert!(facts.client_renegotiation.is_unseen());
        let mut facts = TlsEndpoint::default();
        let (missing, _) = fold(None, &mut facts);
        assert_eq!(missing.len(), 3);
        assert!(facts.vulnerabilities.is_unseen());
    }

    #[test]
    fn what_is_granted_is_known_even_where_its_number_is_not() {
        let three = Renegotiations {
            granted: 3,
            ended: RenegotiationEnd::Closed,
        };
        let late = NetError::new(GapReason::Timeout, "nothing more came");
        for (count, expected) in [
            (Some(Ok(three)), Some(Some(three))),
            (Some(Err(late)), None),
            (None, Some(None)),
        ] {
            let granted = count.as_ref().map(|_| true);
            let open = matches!(count, Some(Err(_)));
            let renegotiation = count.map(|count| Renegotiation {
                allowed: true,
                reaction: vec![22],
                count,
            });
            let seen = Vulnerabilities {
                list: Vec::new(),
                renegotiation: Ok(renegotiation),
            };
            let mut facts = TlsEndpoint::default();
            let (missing, _) = fold(Some(&seen), &mut facts);
            assert_eq!(facts.client_renegotiation.known(), Some(&granted));
            assert_eq!(facts.client_renegotiations.known().copied(), expected);
            let places: Vec<&str> = missing.iter().map(|(at, _)| at.as_str()).collect();
            assert_eq!(places == ["/client_renegotiations"], open, "{places:?}");
        }
    }
}
