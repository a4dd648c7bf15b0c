//! Which certificates a server can show with a suite, and whether it can sign with one of
//! them so that the client understands.

use super::{Talk, Usable};
use crate::model::gap::GapReason;
use crate::probes::tls::facts::{Certificate, CipherSuite, ClientRefusal, VersionName};
use crate::wire::tls::{
    Version, groups, signatures,
    suites::{self, Authentication},
};

/// Object identifier of keys that sign by RSASSA-PSS alone (RFC 4055 section 1.2).
const RSA_PSS: &str = "1.2.840.113549.1.1.10";

impl<'a> Talk<'a> {
    /// Whether the server can prove itself in a way that the client understands.
    pub(super) fn signature(&self, suite: &CipherSuite) -> Usable {
        let tls13 = self.version == Version::Tls13;
        let authentication = suites::by_name(&suite.name).map(|suite| suite.authentication);
        let signs = tls13 || matches!(suite.key_exchange.as_str(), "ECDHE" | "DHE");
        let of_kind = self.of_kind(suite);
        let on_curve = matches!(authentication, Some(Authentication::Ecdsa));
        if !tls13 && on_curve && !self.takes_curve(&of_kind) {
            return Usable::Maybe((
                GapReason::NotAsked,
                "the client does not name the curve of the certificate's key".to_owned(),
            ));
        }
        let anonymous = authentication == Some(Authentication::Anonymous);
        if anonymous || !signs || self.version < Version::Tls12 {
            return Usable::Yes;
        }
        if of_kind.iter().any(|certificate| self.signs(certificate)) {
            return Usable::Yes;
        }
        let open = self.server.may_have_more("signature_algorithms");
        match open.or_else(|| self.server.may_have_more("certificates")) {
            Some(because) => Usable::Maybe(because),
            // Also where a server signs all the same: the client then breaks off.
            None => Usable::No(ClientRefusal::NoUsableCertificate),
        }
    }

    /// Whether the client names the curve of the key, or none at all.
    fn takes_curve(&self, certificates: &[&Certificate]) -> bool {
        let offered = &self.client.offer.groups;
        certificates.iter().any(|certificate| {
            let curve = certificate.public_key.curve.as_deref();
            let id = curve.and_then(groups::by_name).map(|group| group.id);
            id.is_none_or(|id| offered.contains(&id))
        })
    }

    /// The certificates that the server can show with a suite, and sign with so that
    /// the client understands.
    pub(super) fn certificates(&self, suite: &CipherSuite) -> Vec<&'a Certificate> {
        let signs = self.version >= Version::Tls12 && suite.key_exchange != "RSA";
        let mut found = self.of_kind(suite);
        found.retain(|certificate| !signs || self.signs(certificate));
        found
    }

    /// The certificates with a key of the kind that a suite needs.
    fn of_kind(&self, suite: &CipherSuite) -> Vec<&'a Certificate> {
        let all = self.server.facts.certificates.known();
        let authentication = suites::by_name(&suite.name).map(|suite| suite.authentication);
        let fits = |certificate: &&Certificate| {
            let algorithm = certificate.public_key.algorithm.as_str();
            match authentication {
                Some(Authentication::Rsa) => matches!(algorithm, "rsa" | RSA_PSS),
                Some(Authentication::Ecdsa) => matches!(algorithm, "ecdsa" | "ed25519" | "ed448"),
                Some(Authentication::Dss) => algorithm == "dsa",
                Some(Authentication::Any) => true,
                _ => false,
            }
        };
        all.into_iter().flatten().filter(fits).collect()
    }

    /// Whether the server signs with this key by a scheme that the client offers.
    fn signs(&self, certificate: &Certificate) -> bool {
        let key = &certificate.public_key;
        let version = VersionName::from(self.version);
        let seen = self.server.facts.signature_algorithms.known();
        let mut seen = seen
            .into_iter()
            .flatten()
            .filter(|scheme| scheme.version == version);
        seen.any(|scheme| {
            let name = scheme.name.as_str();
            let mut offered = self.client.offer.signature_schemes.iter();
            let offered = match self.client.offer.signature_schemes.is_empty() {
                // RFC 5246 section 7.4.1.4.1: what a client means that says nothing.
                true => matches!(name, "rsa_pkcs1_sha1" | "ecdsa_sha1" | "dsa_sha1"),
                false => offered.any(|id| signatures::name_of(*id) == name),
            };
            offered && fits(name, &key.algorithm, key.curve.as_deref(), self.version)
        })
    }
}

/// Whether a scheme is one for a key (RFC 8446 section 4.2.3; in TLS 1.3 a scheme
/// with ECDSA names the curve too).
fn fits(scheme: &str, algorithm: &str, curve: Option<&str>, version: Version) -> bool {
    let tls13 = version == Version::Tls13;
    match algorithm {
        "rsa" => scheme.starts_with("rsa_pss_rsae") || (!tls13 && scheme.starts_with("rsa_pkcs1")),
        RSA_PSS => scheme.starts_with("rsa_pss_pss"),
        "ecdsa" if tls13 => curve.is_none_or(|curve| scheme.contains(curve)),
        "ecdsa" => scheme.starts_with("ecdsa_"),
        "dsa" => scheme.starts_with("dsa_"),
        other => scheme == other,
    }
}
