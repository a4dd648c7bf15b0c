//! Whether certificates were revoked, and how that is known.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the issuer has revoked a certificate, by its own word: signed,
/// in date, and about this certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// What the issuer says.
    pub status: RevocationStatus,
    /// By which way.
    pub source: RevocationSource,
    /// Place that was asked, cleaned; `null` for a stapled answer.
    pub url: Option<String>,
    /// When that was true.
    pub this_update: Timestamp,
    /// When newer word is due; `null` when nothing says so.
    pub next_update: Option<Timestamp>,
    /// Since when it is revoked; `null` when it is not.
    pub revoked_at: Option<Timestamp>,
    /// Why, in the words of RFC 5280 section 5.3.1; `null` when nothing says so.
    pub reason: Option<String>,
}

/// What an issuer says of a certificate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RevocationStatus {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The responder knows of no such certificate (`unknown` in RFC 6960).
    NotKnownToIssuer,
}

/// By which way an issuer said something.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RevocationSource {
    /// An answer by OCSP that the server stapled to its handshake.
    Staple,
    /// An answer by OCSP that was asked for.
    Ocsp,
    /// A list of revoked certificates.
    Crl,
}

/// An answer by OCSP that was stapled for a certificate (RFC 6066 section 8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StapledAnswer {
    /// Whether a client may rely on it: there are no problems.
    pub sound: bool,
    /// What it says of the certificate; `null` when nothing.
    pub status: Option<RevocationStatus>,
    /// When that was true; `null` when it says nothing.
    pub this_update: Option<Timestamp>,
    /// When newer word is due; `null` when nothing says so.
    pub next_update: Option<Timestamp>,
    /// Who signed it; `null` when the signature does not verify.
    pub signer: Option<AnswerSigner>,
    /// Why a client may not rely on it.
    #[schemars(extend("x-key" = "name"))]
    pub problems: Vec<AnswerProblem>,
}

/// Who signed an answer by OCSP.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSigner {
    /// The issuer of the certificate.
    Issuer,
    /// Somebody to whom the issuer delegated it (RFC 6960 section 4.2.2.2).
    Delegate,
}

/// Why an answer by OCSP may not be relied on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerProblem {
    /// Which reason.
    pub name: AnswerProblemName,
    /// What exactly, cleaned.
    pub detail: String,
}

/// Reasons why an answer by OCSP may not be relied on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AnswerProblemName {
    /// It cannot be read.
    Unreadable,
    /// It is an error of the responder.
    Refused,
    /// It is about other certificates.
    OtherCertificate,
    /// Who signed it may not.
    WrongSigner,
    /// The signature does not verify.
    BadSignature,
    /// The signature is of a kind that cannot be verified here.
    UnknownSignature,
    /// It is too old.
    Expired,
    /// It lies in the future.
    NotYetValid,
    /// The issuer's key was not sent and is not known.
    NoIssuer,
}
