//! What the mail probe writes under `mail`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::transport_facts::{Bimi, MtaSts, MtaStsMode, MtaStsPolicy, TlsRpt};
use crate::model::{seen::Seen, spoofing::Spoofing, standing::Standing};

/// Version of these facts.
pub const FACT_VERSION: u32 = 2;

/// How the domain takes part in mail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-probe" = "mail", "x-level" = "passive"))]
pub struct MailFacts {
    /// The domain that was looked up.
    pub domain: String,
    /// Organisational domain, by the tree walk of RFC 9989.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub organisational_domain: Seen<String>,
    /// Mail exchangers. Empty: no MX record and no address.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub mx: Seen<Vec<MailExchanger>>,
    /// Whether the resolver said that it validated the MX records by DNSSEC (the AD
    /// flag). `false` may also mean that it does not validate at all.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub mx_authenticated: Seen<bool>,
    /// Whether the domain accepts mail: it has an exchanger that is no null MX (RFC 7505).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub receives: Seen<bool>,
    /// Whether the domain may send mail: its SPF record is not exactly one that forbids all.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub sends: Seen<bool>,
    /// The SPF record (RFC 7208); `null` when none is published.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub spf: Seen<Option<Spf>>,
    /// DMARC (RFC 9989).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub dmarc: Seen<Dmarc>,
    /// DKIM (RFC 6376).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub dkim: Seen<Dkim>,
    /// MTA-STS (RFC 8461); `null` when no record is published.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub mta_sts: Seen<Option<MtaSts>>,
    /// TLS reporting (RFC 8460); `null` when no record is published.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub tls_rpt: Seen<Option<TlsRpt>>,
    /// The logo that programs may show beside its mail (BIMI); `null` when no record is published.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub bimi: Seen<Option<Bimi>>,
    /// Names below the domain that exist, looked at as senders: its own exchangers, `www`
    /// and `mail`, and what a wildcard says.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    pub subdomains: Seen<Vec<Subdomain>>,
    /// Whether somebody else can send mail in its name. Joined after the probes.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub spoofing: Seen<Spoofing>,
}

/// A mail exchanger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailExchanger {
    /// Host name; `.` for a null MX.
    pub name: String,
    /// Preference; 0 for an implicit MX.
    pub preference: u16,
    /// Whether it is a null MX (RFC 7505).
    pub null_mx: bool,
    /// Whether it stands for a missing MX record (RFC 5321 section 5.1).
    pub implicit: bool,
    /// How its name stands: whether it has an address, and if not, who could get it.
    /// `null` for a null MX.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub standing: Seen<Option<Standing>>,
    /// Whether its name is an alias, which RFC 2181 section 10.3 rules out.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub is_alias: Seen<bool>,
    /// What answered on port 25 of each address.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub endpoints: Seen<Vec<SmtpEndpoint>>,
    /// TLSA records of port 25 (RFC 7672), empty when there are none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub tlsa: Seen<Vec<Tlsa>>,
    /// Whether DNSSEC signatures came with the TLSA records; without them
    /// senders ignore the records. `null` when there are no records.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub tlsa_signed: Seen<Option<bool>>,
    /// Whether the resolver said that it validated the answer for the TLSA
    /// records (the AD flag). `false` may also mean that it does not validate at all.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub tlsa_authenticated: Seen<bool>,
    /// The addresses that present certificates, compared with the usable TLSA
    /// records; empty when there are none. Joined with the TLS facts after the probes.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub dane: Seen<Vec<DaneEndpoint>>,
}

/// A TLSA record (RFC 6698 section 2.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tlsa {
    /// Usage, selector, matching type and the first digits of the data, as `3 1 1 0a1b2c3d4e5f6071`.
    pub key: String,
    /// Certificate usage: 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE.
    pub usage: u8,
    /// Selector: 0 the whole certificate, 1 its public key.
    pub selector: u8,
    /// Matching type: 0 the thing itself, 1 its SHA-256, 2 its SHA-512.
    pub matching_type: u8,
    /// Certificate association data in lower-case hexadecimal, cut after 4096 bytes.
    pub data: String,
    /// Whether senders of mail can use it (RFC 7672 section 3.1).
    pub usable: bool,
    /// Why they cannot: `pkix_usage`, `unknown_usage`, `unknown_selector`,
    /// `unknown_matching_type` or `wrong_length`; `null` when they can.
    pub fault: Option<String>,
    /// Whether it matches what an address of the exchanger presents; `null` when
    /// it is not usable. In a rollover one record matches and the next does not.
    /// Joined with the TLS facts after the probes.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub matches: Seen<Option<bool>>,
}

/// An address of an exchanger, compared with its TLSA records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaneEndpoint {
    /// Address and port, as `192.0.2.1:25`.
    pub key: String,
    /// Whether a usable TLSA record matches every certificate that it presents
    /// (RFC 7672 section 3.1).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub matches: Seen<bool>,
}

/// One address of a mail exchanger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpEndpoint {
    /// Address and port, as `192.0.2.1:25`.
    pub key: String,
    /// First line of the greeting, cleaned.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub greeting: Seen<String>,
    /// Whether EHLO offers STARTTLS (RFC 3207).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub starttls: Seen<bool>,
}

/// An SPF record and what evaluating it costs (RFC 7208).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spf {
    /// The record; the first one where several are published.
    pub record: String,
    /// How many SPF records are published; more than one is a permanent error.
    pub record_count: u32,
    /// What the record's end says of all other senders, a redirect followed:
    /// `null` when nothing is said, which counts as neutral.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub all: Seen<Option<SpfResult>>,
    /// What a receiver concludes of a sender that no term lists, with the limits
    /// on look-ups (sections 4.6.4 and 5). `pass` also where a term lets all
    /// addresses in.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub stranger: Seen<SpfVerdict>,
    /// Terms that need a DNS look-up, flat, with the way through the includes.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub lookups: Seen<Vec<SpfLookup>>,
    /// Faults in the record and in what it includes.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub problems: Seen<Vec<MailProblem>>,
}

/// The result that an SPF qualifier asks for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SpfResult {
    /// `+`
    Pass,
    /// `?`
    Neutral,
    /// `~`
    Softfail,
    /// `-`
    Fail,
}

/// The result of a check of a sender (RFC 7208 section 2.6).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SpfVerdict {
    /// The sender may send.
    Pass,
    /// The domain does not say.
    Neutral,
    /// The sender probably may not send.
    Softfail,
    /// The sender may not send.
    Fail,
    /// The record cannot be evaluated: receivers go on as if there were none.
    Permerror,
}

/// A term that needs a DNS look-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpfLookup {
    /// The way to the term and the term, as `include:a.example > mx`.
    pub key: String,
    /// Name that is looked up.
    pub name: String,
    /// The term as written.
    pub term: String,
    /// Whether the look-up came back empty (RFC 7208 section 4.6.4).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub void: Seen<bool>,
    /// How the name stands, and if it is not there, who could get it. `null` where the
    /// name depends on the message or is no domain name.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub standing: Seen<Option<Standing>>,
}

/// A fault in a mail record or policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailProblem {
    /// A stable name, such as `multiple_records` or `unknown_mechanism`.
    pub name: String,
    /// The part that is wrong, cleaned.
    pub detail: String,
}

/// DMARC of the domain (RFC 9989).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dmarc {
    /// The policy that a receiver applies to the domain; `null` when there is none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub effective: Seen<Option<DmarcPolicy>>,
    /// Faults in the records met on the walk.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub problems: Seen<Vec<MailProblem>>,
}

/// The DMARC policy that applies to the domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DmarcPolicy {
    /// What receivers are asked to do with mail of the domain that fails.
    pub policy: DmarcDisposition,
    /// The same for existing subdomains (`sp`, else `p`).
    pub subdomain_policy: DmarcDisposition,
    /// The same for subdomains that do not exist (`np`, else `sp`, else `p`).
    pub nonexistent_policy: DmarcDisposition,
    /// Tag that the policy came from: `p` or `sp`.
    pub tag: String,
    /// Name of the domain whose record applies.
    pub from: String,
    /// Whether the record asks for test mode (`t=y`, RFC 9989).
    pub testing: bool,
    /// The obsolete `pct` tag; `null` when absent.
    pub pct: Option<u32>,
    /// Addresses for aggregate reports.
    pub rua: Vec<String>,
    /// Addresses for failure reports.
    pub ruf: Vec<String>,
    /// The mail addresses among both, and whether reports may go there.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub destinations: Seen<Vec<ReportDestination>>,
    /// Whether DKIM alignment is strict (`adkim=s`).
    pub dkim_strict: bool,
    /// Whether SPF alignment is strict (`aspf=s`).
    pub spf_strict: bool,
    /// The record.
    pub record: String,
}

/// A mail address that DMARC reports are to go to (RFC 9990 section 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDestination {
    /// Tag and address, as `rua reports@office.example`.
    pub key: String,
    /// Tag that names it: `rua` or `ruf`.
    pub tag: String,
    /// The address in lower case, without size limit and headers.
    pub address: String,
    /// Domain of the address.
    pub domain: String,
    /// How the domain stands: whether it takes mail, and if it is not there, who could get it.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub standing: Seen<Standing>,
    /// Whether the domain is another organisation's, so that it has to consent:
    /// it neither lies below the organisational domain nor shares the
    /// registrable domain with the record.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub external: Seen<bool>,
    /// Whether the other domain publishes its consent, a DMARC record at
    /// `RECORD._report._dmarc.DOMAIN`; `null` where none is needed.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub permitted: Seen<Option<bool>>,
}

/// A name below the domain that mail can come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subdomain {
    /// The name; `*.DOMAIN` stands for all that nobody wrote down.
    pub name: String,
    /// Whether it has an address or a mail exchanger.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub used: Seen<bool>,
    /// Its SPF record; `null` when it has none. SPF of a domain does not cover names below it.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub spf: Seen<Option<String>>,
    /// What a receiver concludes of a sender that its SPF record does not list; `null`
    /// without a record.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub stranger: Seen<Option<SpfVerdict>>,
    /// The DMARC policy of its own; `null` when it follows that of the domain.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub dmarc: Seen<Option<SubdomainPolicy>>,
}

/// A DMARC policy that a name below the domain publishes itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubdomainPolicy {
    /// What receivers are asked to do (`p`).
    pub policy: DmarcDisposition,
    /// Whether the record asks for test mode (`t=y`).
    pub testing: bool,
    /// The record.
    pub record: String,
}

/// What a DMARC policy asks for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DmarcDisposition {
    /// Deliver as usual.
    None,
    /// Treat as suspicious.
    Quarantine,
    /// Refuse.
    Reject,
}

/// The DKIM keys of a domain, as far as their selectors are known (RFC 6376).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// Whether the inventory names the selectors. DNS cannot list them: without
    /// that the list of keys stays open.
    pub selectors_given: bool,
    /// The given selectors, and common ones that have a key; these are looked
    /// for from level standard on.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub keys: Seen<Vec<DkimKey>>,
}

/// A DKIM selector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimKey {
    /// The selector.
    pub key: String,
    /// The selector; `*` where every common one has the same record.
    pub selector: String,
    /// Whether the inventory names it.
    pub given: bool,
    /// Its key record; `null` when a given selector has none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub record: Seen<Option<DkimRecord>>,
}

/// A DKIM key record (RFC 6376 section 3.6.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimRecord {
    /// The record, cleaned; the first where there are several.
    pub text: String,
    /// `rsa`, `ed25519` (RFC 8463) or another word.
    pub key_type: String,
    /// Size of the key in bits: of the modulus for `rsa`, 256 for `ed25519`.
    /// `null` when there is no key that can be read.
    pub bits: Option<u32>,
    /// Hashes that signatures may use (`h`); `null`: not limited.
    pub hashes: Option<Vec<String>>,
    /// Whether the key was withdrawn (an empty `p`).
    pub revoked: bool,
    /// Whether the domain only tests DKIM (`t=y`): receivers then treat signed
    /// mail as unsigned.
    pub testing: bool,
    /// Faults in the record.
    #[schemars(extend("x-key" = "name"))]
    pub problems: Vec<MailProblem>,
}
