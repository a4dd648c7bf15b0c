//! What the TLS probe writes under `tls`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::seen::Seen;

/// Version of these facts.
pub const FACT_VERSION: u32 = 1;

/// TLS endpoints of the target: its website and its mail exchangers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-probe" = "tls", "x-level" = "passive"))]
pub struct TlsFacts {
    /// One for each address, port and purpose.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub endpoints: Seen<Vec<TlsEndpoint>>,
}

/// One address and port that should speak TLS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsEndpoint {
    /// Address and port, as `192.0.2.1:443` or `[2001:db8::1]:443`.
    pub key: String,
    /// What the endpoint serves.
    pub purpose: EndpointPurpose,
    /// Name sent in the server name indication.
    pub host: String,
    /// The address alone.
    pub address: String,
    /// The port.
    pub port: u16,
    /// Protocol that is upgraded to TLS; `null` for implicit TLS.
    pub starttls: Option<String>,
    /// Whether the endpoint speaks TLS at all. `false`: it closed the port or answered something else.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub speaks_tls: Seen<bool>,
    /// Protocol versions that it accepts, the oldest first.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub versions: Seen<Vec<ProtocolVersion>>,
    /// Cipher suites that it accepts, by version, the oldest first; within a
    /// version in the server's order where it has one (see `preference`), and
    /// by code point where it follows the client's.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub suites: Seen<Vec<CipherSuite>>,
    /// Who decides which suite is taken, for each version that it accepts.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "version", "x-level" = "standard"))]
    pub preference: Seen<Vec<Preference>>,
    /// Key exchange groups that it accepts, by code point.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub groups: Seen<Vec<Group>>,
    /// Whether it compressed what it sends in an answer up to TLS 1.2, when
    /// DEFLATE was offered (RFC 3749). `false` where only TLS 1.3 is accepted,
    /// which has no compression.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub compression: Seen<bool>,
    /// Whether every answer of TLS 1.0 to 1.2 granted secure renegotiation
    /// (RFC 5746); `null` where none of these versions is accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub secure_renegotiation: Seen<Option<bool>>,
    /// Whether every answer of TLS 1.0 to 1.2 granted the extended master
    /// secret (RFC 7627); `null` where none of these versions is accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub extended_master_secret: Seen<Option<bool>>,
    /// Whether every answer with a CBC suite of TLS 1.0 to 1.2 granted
    /// encrypt-then-MAC (RFC 7366); `null` where no such suite is accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub encrypt_then_mac: Seen<Option<bool>>,
    /// Whether an answer of TLS 1.0 to 1.2 granted heartbeats (RFC 6520);
    /// `null` where none of these versions is accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub heartbeat: Seen<Option<bool>>,
    /// Whether an answer with a CBC suite of TLS 1.0 to 1.2 granted the
    /// truncated MAC (RFC 6066 section 7); `null` where no such suite is accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub truncated_hmac: Seen<Option<bool>>,
    /// Schemes with which it was seen to sign the key exchange of TLS 1.2 (RFC
    /// 5246 section 7.4.3), by code point: what it takes when all are offered,
    /// and what it takes when only those with MD5 or SHA-1 are. It may accept
    /// others of the sound ones.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub signature_schemes: Seen<Vec<SignatureScheme>>,
    /// Whether it refuses a client that says it fell back to an older version
    /// (RFC 7507), asked in the newest version below TLS 1.2; `null` where no
    /// such version is accepted beside a newer one.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub refuses_fallback: Seen<Option<bool>>,
    /// What one modern client ended up with; `null` when no handshake was completed
    /// because the server refused every version that such a client offers.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub negotiated: Seen<Option<Negotiated>>,
    /// Certificates that it presents, one for each key type.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub certificates: Seen<Vec<Certificate>>,
    /// Stapled OCSP response (RFC 6066 section 8); `null` when none is sent.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub staple: Seen<Option<Staple>>,
}

/// What a TLS endpoint serves.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum EndpointPurpose {
    /// A website.
    Https,
    /// A mail exchanger.
    Smtp,
}

/// A protocol version that is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtocolVersion {
    /// Name of the version.
    pub name: VersionName,
}

/// Names of protocol versions.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum VersionName {
    /// SSL 2.0
    #[serde(rename = "SSL2")]
    Ssl2,
    /// SSL 3.0 (RFC 6101)
    #[serde(rename = "SSL3")]
    Ssl3,
    /// TLS 1.0 (RFC 2246)
    #[serde(rename = "TLS1.0")]
    Tls10,
    /// TLS 1.1 (RFC 4346)
    #[serde(rename = "TLS1.1")]
    Tls11,
    /// TLS 1.2 (RFC 5246)
    #[serde(rename = "TLS1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446)
    #[serde(rename = "TLS1.3")]
    Tls13,
}

/// A cipher suite that is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CipherSuite {
    /// IANA name.
    pub name: String,
    /// Version in which it was accepted.
    pub version: VersionName,
    /// Key exchange: `ECDHE`, `DHE`, `RSA`, `DH`, `ECDH`, `PSK`, `any` for TLS 1.3.
    pub key_exchange: String,
    /// Bulk cipher without mode: `AES_128`, `AES_256`, `CHACHA20`, `3DES_EDE`, `RC4_128`, `NULL`, ...
    pub cipher: String,
    /// Mode: `GCM`, `CCM`, `CCM_8`, `POLY1305`, `CBC`, `STREAM`, `NULL`.
    pub mode: String,
    /// Whether nobody is authenticated (`anon`).
    pub anonymous: bool,
    /// Whether it is an export suite.
    pub export: bool,
    /// Whether the key exchange is ephemeral.
    pub forward_secret: bool,
    /// Size of the finite field in bits where it is DHE and was seen; `null` when it does not apply.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub kex_bits: Seen<Option<u32>>,
}

/// Who decides which suite of a version is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// The version.
    pub version: VersionName,
    /// Who decides.
    pub by: PreferenceBy,
}

/// Who decides which suite is taken.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum PreferenceBy {
    /// The server takes the one it likes best.
    Server,
    /// The server takes the first of the client's that it has.
    Client,
    /// There is only one suite.
    Single,
}

/// A key exchange group that is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// IANA name (`x25519`, `secp256r1`, `X25519MLKEM768`, `ffdhe2048`).
    pub name: String,
    /// Whether it withstands a quantum computer (ML-KEM alone or in a hybrid).
    pub post_quantum: bool,
}

/// A scheme with which a server signs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureScheme {
    /// IANA name (`rsa_pss_rsae_sha256`, `ecdsa_sha1`).
    pub name: String,
    /// Hash that is signed (`SHA-256`, `SHA-1`); `none` for schemes without a separate hash.
    pub hash: String,
}

/// What one modern client ended up with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Negotiated {
    /// Version.
    pub version: VersionName,
    /// IANA name of the suite.
    pub suite: String,
    /// IANA name of the group; `null` where the exchange uses none.
    pub group: Option<String>,
    /// Application protocol (ALPN); `null` when the server chose none.
    pub alpn: Option<String>,
}

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
    /// OCSP responders named in the certificate.
    pub ocsp: Vec<String>,
    /// CRL distribution points named in the certificate.
    pub crl: Vec<String>,
    /// Number of embedded signed certificate timestamps (RFC 6962).
    pub sct_count: u32,
    /// Whether it demands a stapled response (RFC 7633).
    pub must_staple: bool,
    /// How the chain verifies.
    pub chain: Chain,
    /// Whether the CAA records that govern the host would let this issuer issue
    /// again today (RFC 8659). `null`: there are none, or the issuer's CAA
    /// domains are not in our table. Joined with the DNS facts after the
    /// probes; the probe itself leaves it unseen.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub caa_permits: Seen<Option<bool>>,
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
    /// A certificate of the chain may not sign others, or the path is too long.
    NotAnAuthority,
    /// A name lies outside the constraints of an authority.
    NameConstraints,
    /// A certificate cannot be read.
    Unreadable,
    /// Another reason.
    Other,
}

/// A stapled OCSP response (RFC 6960).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Staple {
    /// Length of the response in bytes. Its content is not judged yet.
    pub length: u32,
}
