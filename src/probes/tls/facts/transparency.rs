//! Promises of public logs that a certificate stands in them (RFC 6962).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signed certificate timestamp as it came; nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateTimestamp {
    /// Way and log, as `embedded 29b0c3a1`.
    pub key: String,
    /// By which way it came.
    pub source: TimestampSource,
    /// SHA-256 of the log's key in lower-case hexadecimal.
    pub log_id: String,
    /// When the log promised it.
    pub at: Timestamp,
}

/// By which way a timestamp came.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TimestampSource {
    /// In the certificate.
    Embedded,
    /// In the extension of the handshake.
    Tls,
    /// In the stapled answer by OCSP.
    Ocsp,
}

/// The timestamps, held against the list of logs that the user gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transparency {
    /// Each timestamp.
    #[schemars(extend("x-key" = "key"))]
    pub timestamps: Vec<JudgedTimestamp>,
    /// Logs whose timestamps in the certificate count.
    pub embedded_logs: u32,
    /// Those of them that are accepted at present.
    pub embedded_current: u32,
    /// Operators of these logs.
    pub embedded_operators: u32,
    /// Logs, accepted at present, whose timestamps outside of the certificate count.
    pub outside_logs: u32,
    /// Operators of these logs.
    pub outside_operators: u32,
}

/// A timestamp, held against the list of logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgedTimestamp {
    /// As in `timestamps` of the certificate.
    pub key: String,
    /// What the list calls the log, cleaned; `null` when it has no such log.
    pub log: Option<String>,
    /// Who runs it, cleaned; `null` when the list has no such log.
    pub operator: Option<String>,
    /// How far the list trusts it: `usable`, `readonly`, `retired` and so on.
    pub state: Option<String>,
    /// Why it does not count; `null` when it does.
    pub fault: Option<TimestampFault>,
}

/// Why a timestamp does not count.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TimestampFault {
    /// The list has no such log.
    UnknownLog,
    /// The log's key did not sign it for this certificate.
    BadSignature,
    /// It lies in the future.
    NotYet,
    /// The log takes no certificates that end on that day.
    OutsideInterval,
    /// The log was retired before.
    Retired,
    /// The log was rejected, or is not accepted yet.
    NotTrusted,
    /// It cannot be told what was signed: the issuer's key is not known.
    NoIssuer,
}
