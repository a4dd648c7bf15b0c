//! What the TLS probe writes under `tls`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{seen::Seen, tls_grade::TlsGrade};
use crate::wire::tls::Version;

mod certificate;
mod clients;
mod ech;
mod fingerprint;
mod handshake;
mod renegotiation;
mod revocation;
mod transparency;

pub use certificate::*;
pub use clients::*;
pub use ech::*;
pub use fingerprint::*;
pub use handshake::*;
pub use renegotiation::*;
pub use revocation::*;
pub use transparency::*;

/// Version of these facts.
pub const FACT_VERSION: u32 = 2;

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Groups by generation of the protocol, with who decides which is taken.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "version", "x-level" = "standard"))]
    pub group_preference: Seen<Vec<GroupPreference>>,
    /// What clients of the catalogue end up with, by the other facts; empty where
    /// none of them uses such a service, as for mail exchangers, or it speaks no TLS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub clients: Seen<Vec<ClientOutcome>>,
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
    /// What it asks of clients that have a certificate; `null` when it asks for none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub client_certificate: Seen<Option<ClientCertificate>>,
    /// Schemes with which it signs the key exchange of TLS 1.2 and the
    /// handshake of TLS 1.3 when a client offers no other.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub signature_algorithms: Seen<Vec<SignatureAlgorithm>>,
    /// Finite fields in which it exchanges keys up to TLS 1.2.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "prime", "x-level" = "standard"))]
    pub finite_fields: Seen<Vec<FiniteField>>,
    /// Whether a public value over a finite field came twice, up to TLS 1.2;
    /// `null` where keys are not exchanged so.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub reuses_dh: Seen<Option<bool>>,
    /// Whether a public value over a curve came twice, up to TLS 1.2; `null`
    /// where keys are not exchanged so.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub reuses_ecdh: Seen<Option<bool>>,
    /// Whether a server with its own order yields to clients that put ChaCha20
    /// first, such as telephones; `null` where there is nothing to yield.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub chacha_priority: Seen<Option<bool>>,
    /// Application protocols that it agrees to, of `h2` and `http/1.1`.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub alpn: Seen<Vec<ApplicationProtocol>>,
    /// Whether it grants NPN, the predecessor of ALPN; `null` where TLS 1.0 to
    /// 1.2 are not accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub npn: Seen<Option<bool>>,
    /// How sessions are taken up again.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub resumption: Seen<Resumption>,
    /// How it answers a client that names no host.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub without_name: Seen<NameAnswer>,
    /// How it answers a client that names a host which does not exist.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub wrong_name: Seen<NameAnswer>,
    /// Whether it passes over values that nobody registered (GREASE, RFC 8701).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub tolerates_unknown: Seen<bool>,
    /// Whether it answers a hello up to TLS 1.2 that claims a version to come with
    /// a version that it has, as RFC 5246 appendix E.1 demands; `null` where TLS 1.0
    /// to 1.2 are not accepted (TLS 1.3 reads a list of versions, for which see
    /// `tolerates_unknown`).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub tolerates_newer_version: Seen<Option<bool>>,
    /// Whether it answers a ClientHello of more than 511 bytes, as modern
    /// clients with post-quantum groups send.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub takes_large_hello: Seen<bool>,
    /// Whether it compresses its certificates in TLS 1.3 (RFC 8879), asked with
    /// zstd, brotli and zlib; `null` where TLS 1.3 is not accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub certificate_compression: Seen<Option<bool>>,
    /// Algorithms with which it was seen to compress its certificates: the one that
    /// it takes when zstd, brotli and zlib are offered, and zlib where it takes that
    /// when nothing else is offered. It may know others.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub certificate_compression_algorithms: Seen<Vec<CompressionAlgorithm>>,
    /// What the same port answers over UDP to a QUIC packet of a version that nobody
    /// has (RFC 9000 section 6); `null` where nobody listens, or where it is no website.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub quic: Seen<Option<Quic>>,
    /// What plain HTTP on port 80 of the same address says when it is asked to go on as TLS
    /// on the same connection (RFC 2817); `null` where that port is closed, and for endpoints
    /// other than a website on port 443.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub http_upgrade: Seen<Option<HttpUpgrade>>,
    /// Whether it reads hellos that are encrypted with what its HTTPS record publishes (RFC 9849);
    /// `null` where the record publishes nothing for this endpoint, or where it is no website.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub ech: Seen<Option<EncryptedHello>>,
    /// How it answers hellos, in the manner of JARM: a number of the definition and 32 hexadecimal
    /// digits, the same for the same software with the same settings; `null` where it speaks no TLS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub fingerprint: Seen<Option<String>>,
    /// In what it answers hellos otherwise than the first address of the same name and port.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub differs: Seen<Vec<Differing>>,
    /// Whether it slowed us down or turned us away after several connections.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub throttles: Seen<bool>,
    /// Vulnerabilities that were looked for.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "intrusive"))]
    pub vulnerabilities: Seen<Vec<Vulnerability>>,
    /// Whether it goes on when a client starts a renegotiation in TLS 1.2; `null` where only
    /// TLS 1.3 is accepted, which has none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "intrusive"))]
    pub client_renegotiation: Seen<Option<bool>>,
    /// How many renegotiations it grants to a client one after another in one connection of
    /// TLS 1.2; `null` where only TLS 1.3 is accepted.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "intrusive"))]
    pub client_renegotiations: Seen<Option<Renegotiations>>,
    /// How it stands on the scale of SSL Labs. It follows from the facts above and from those of
    /// the website; the probe itself leaves it unseen.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub grade: Seen<TlsGrade>,
}

/// What a TLS endpoint serves.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum EndpointPurpose {
    /// A website.
    #[default]
    Https,
    /// A mail exchanger.
    Smtp,
    /// Another service, which `scrutineer tls` was asked for.
    Other,
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

impl From<Version> for VersionName {
    fn from(version: Version) -> Self {
        match version {
            Version::Ssl3 => Self::Ssl3,
            Version::Tls10 => Self::Tls10,
            Version::Tls11 => Self::Tls11,
            Version::Tls12 => Self::Tls12,
            Version::Tls13 => Self::Tls13,
        }
    }
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
