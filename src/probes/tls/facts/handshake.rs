//! What else a server shows while it shakes hands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::VersionName;
use crate::model::seen::Seen;

/// A scheme with which a server signs in one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureAlgorithm {
    /// Version and name, as `TLS1.3 rsa_pss_rsae_sha256`.
    pub key: String,
    /// Version in which it signs so.
    pub version: VersionName,
    /// IANA name (`rsa_pss_rsae_sha256`, `ecdsa_sha1`).
    pub name: String,
    /// Hash that is signed (`SHA-256`, `SHA-1`); `none` for schemes without a separate hash.
    pub hash: String,
}

/// A finite field in which a server exchanges keys up to TLS 1.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FiniteField {
    /// SHA-256 of the prime (big-endian), in lower-case hexadecimal.
    pub prime: String,
    /// Size of the prime in bits.
    pub bits: u32,
    /// Where the prime comes from when many servers share it: `ffdhe3072`, `RFC3526 group 14`,
    /// `Apache`; `null` for one that is not known to be shared.
    pub origin: Option<String>,
    /// Whether it is one of the groups of RFC 7919.
    pub standard: bool,
    /// Whether it is a prime, and half of it too, by the test of Miller and Rabin; not looked into above 4096 bits.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub safe_prime: Seen<bool>,
}

/// An application protocol (ALPN) that a server agrees to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationProtocol {
    /// Its name, cleaned (`h2`, `http/1.1`).
    pub name: String,
}

/// An algorithm that compresses certificates (RFC 8879 section 7.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompressionAlgorithm {
    /// `zlib`, `brotli` or `zstd`.
    pub name: String,
}

/// What a server asks of clients that have a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// How many authorities it names that may have issued it.
    pub authorities: u32,
}

/// What a server of QUIC says of itself before any handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quic {
    /// Versions that it names, in its order; those that are reserved are left out.
    #[schemars(extend("x-key" = "name"))]
    pub versions: Vec<QuicVersion>,
}

/// A version of QUIC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuicVersion {
    /// `v1` (RFC 9000), `v2` (RFC 9369), `draft-29` and so on, or the number.
    pub name: String,
}

/// How plain HTTP answers a client that asks it to go on as TLS (RFC 2817 section 3.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpUpgrade {
    /// Status of the answer.
    pub status: u16,
    /// Protocols that its Upgrade header names, if TLS is one of them (`TLS/1.0, HTTP/1.1`);
    /// `null` otherwise.
    pub offers: Option<String>,
    /// Whether it goes on as TLS (status 101). Not determined where it offers to, and answers
    /// the question otherwise, as with 426.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub switches: Seen<bool>,
}

/// How sessions are taken up again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resumption {
    /// Whether a session of TLS 1.2 was taken up by its id; `null` where TLS 1.2 is not accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub tls12_id: Seen<Option<bool>>,
    /// Whether tickets are promised up to TLS 1.2 (RFC 5077); `null` where TLS 1.0 to 1.2 are not accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub tls12_ticket: Seen<Option<bool>>,
    /// Whether a session of TLS 1.3 was taken up by a ticket; `null` where TLS 1.3 is not accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub tls13_ticket: Seen<Option<bool>>,
    /// Whether early data (0-RTT, RFC 8446 section 2.3) was accepted when a session was taken up.
    /// None was sent. `null` where TLS 1.3 is not accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub early_data: Seen<Option<bool>>,
}

/// How a server answers a client that names no host, or one that it does not have.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NameAnswer {
    /// With the certificate that it has for the host.
    SameCertificate,
    /// With another certificate.
    OtherCertificate,
    /// It refuses.
    Refused,
}

/// A vulnerability that was looked for. Nothing harmful was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vulnerability {
    /// Which.
    pub name: VulnerabilityName,
    /// Whether the server has it.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub present: Seen<bool>,
}

/// Vulnerabilities of TLS libraries that can be seen from outside.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum VulnerabilityName {
    /// CVE-2014-0160: answers a heartbeat with its memory.
    Heartbleed,
    /// CVE-2014-0224: takes ChangeCipherSpec before there are keys.
    EarlyChangeCipherSpec,
    /// Answers tell whether the padding of an RSA key exchange was right (ROBOT).
    Robot,
    /// CVE-2016-9244: answers a short session id with its memory.
    Ticketbleed,
}
