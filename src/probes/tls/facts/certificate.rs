//! Certificates, their chains, and what proves that they still hold.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CertificateTimestamp, Revocation, StapledAnswer, Transparency};
use crate::model::seen::Seen;

/// A certificate that the endpoint presents, with its chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Key type and role, as `ecdsa leaf`.
    pub key: String,
    /// Subject as an RFC 4514 string, cleaned.
    pub subject: String,
    /// Who issued it.
    pub issuer: Issuer,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// SHA-256 of the DER form in lower-case hexadecimal.
    pub sha256: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Length of the validity in whole days, the last second included (CA/B BR 1.6.1), rounded up.
    pub lifetime_days: u32,
    /// Subject alternative names.
    #[schemars(extend("x-key" = "name"))]
    pub names: Vec<AlternativeName>,
    /// Whether the endpoint's host is among the names (RFC 9525).
    pub matches_host: bool,
    /// Whether a name is a wildcard.
    pub wildcard: bool,
    /// Whether subject and issuer are the same and the key signs it.
    pub self_signed: bool,
    /// The public key.
    pub public_key: PublicKey,
    /// Hash of the signature (`SHA-256`), or `none` for schemes without a separate hash.
    pub signature_hash: String,
    /// Name of the signature algorithm (`sha256WithRSAEncryption`, `ecdsa-with-SHA384`, `Ed25519`).
    pub signature_algorithm: String,
    /// Whether the extended key usage allows TLS servers; `null` when the extension is absent.
    pub server_auth: Option<bool>,
    /// Version of the form (RFC 5280 section 4.1.2.1).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub version: Seen<u32>,
    /// What the key may be used for (RFC 5280 section 4.2.1.3); `null` when the
    /// extension is absent.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub key_usage: Seen<Option<KeyUsage>>,
    /// Whether it names the key of its issuer (RFC 5280 section 4.2.1.1).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub authority_key_id: Seen<bool>,
    /// OCSP responders named in the certificate.
    pub ocsp: Vec<String>,
    /// CRL distribution points named in the certificate.
    pub crl: Vec<String>,
    /// Number of embedded signed certificate timestamps (RFC 6962).
    pub sct_count: u32,
    /// Whether it demands a stapled response (RFC 7633).
    pub must_staple: bool,
    /// The answer by OCSP that came stapled with it, held against it and its
    /// issuer (RFC 6960 section 3.2); `null` when none came.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub staple: Seen<Option<StapledAnswer>>,
    /// Whether its issuer has revoked it; `null` when the certificate names no
    /// place to ask and nothing was stapled.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub revocation: Seen<Option<Revocation>>,
    /// Authorities between it and the root that vouches for it, its issuer first;
    /// at most three. Empty where the chain is not trusted as it was sent.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub authorities: Seen<Vec<Authority>>,
    /// Signed certificate timestamps in it, in its staple and in the handshake.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub timestamps: Seen<Vec<CertificateTimestamp>>,
    /// What a list of logs (`--ct-logs`) says of the timestamps.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub transparency: Seen<Transparency>,
    /// Registrable domains other than the host's that it names too, sorted:
    /// who else shares the certificate and its key.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub other_domains: Seen<Vec<OtherDomain>>,
    /// How the chain verifies.
    pub chain: Chain,
    /// Whether the CAA records that govern the host would let this issuer issue
    /// again today (RFC 8659). `null`: there are none, or the issuer's CAA
    /// domains are not in our table. Joined with the DNS facts after the
    /// probes; the probe itself leaves it unseen.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub caa_permits: Seen<Option<bool>>,
}

/// An authority in the chain of a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Its subject as an RFC 4514 string, cleaned.
    pub key: String,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// SHA-256 of the DER form in lower-case hexadecimal.
    pub sha256: String,
    /// Whether its issuer has revoked it; `null` when it names no place to ask.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub revocation: Seen<Option<Revocation>>,
}

/// Who issued a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Issuer as an RFC 4514 string, cleaned.
    pub name: String,
    /// Organisation alone; `null` when the issuer names none.
    pub organisation: Option<String>,
}

/// A subject alternative name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlternativeName {
    /// The name or address, cleaned.
    pub name: String,
    /// `dns`, `ip`, or `other`.
    pub kind: String,
}

/// What a key may be used for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyUsage {
    /// Whether clients that do not know the extension must refuse the certificate.
    pub critical: bool,
    /// The usages.
    #[schemars(extend("x-key" = "name"))]
    pub usages: Vec<KeyUsageName>,
}

/// A usage of a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyUsageName {
    /// `digitalSignature`, `keyEncipherment`, `keyAgreement` and so on.
    pub name: String,
}

/// A domain of somebody who shares a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherDomain {
    /// The domain, one label below a public suffix.
    pub name: String,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// `rsa`, `ecdsa`, `ed25519`, `ed448`, `dsa` or the object identifier.
    pub algorithm: String,
    /// Size in bits: the modulus, or the field of the curve; `null` when unknown to us.
    pub bits: Option<u32>,
    /// Curve of an ECDSA key by its TLS name (`secp256r1`); `null` for others.
    pub curve: Option<String>,
}

/// The chain as it was sent and as it verifies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Number of certificates sent, the leaf included.
    pub sent: u32,
    /// Whether it leads to a trusted root in date, names left aside.
    pub trusted: bool,
    /// Every reason against it.
    #[schemars(extend("x-key" = "name"))]
    pub problems: Vec<ChainProblem>,
}

/// A reason against a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainProblem {
    /// Which reason.
    pub name: ChainProblemName,
    /// What exactly, cleaned.
    pub detail: String,
}

/// Reasons against a chain.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChainProblemName {
    /// A certificate has ended.
    Expired,
    /// A certificate is not valid yet.
    NotYetValid,
    /// The leaf is not for this host.
    NameMismatch,
    /// It leads to no root that we trust.
    UnknownIssuer,
    /// The leaf signed itself.
    SelfSigned,
    /// An intermediate certificate is missing.
    Incomplete,
    /// The certificates are not sent in issuing order.
    WrongOrder,
    /// A signature does not verify.
    BadSignature,
    /// A signature uses SHA-1 or MD5.
    WeakSignature,
    /// A key is too small.
    WeakKey,
    /// The extended key usage does not allow TLS servers.
    NotForServers,
    /// A certificate of the chain may not sign others.
    NotAnAuthority,
    /// An authority has more authorities below it than it may.
    PathTooLong,
    /// A name lies outside the constraints of an authority.
    NameConstraints,
    /// A certificate cannot be read.
    Unreadable,
    /// Another reason.
    Other,
}

/// A stapled OCSP response (RFC 6960). What it says stands with the certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Staple {
    /// Length of the response in bytes.
    pub length: u32,
}
