//! What the DNS probe writes under `dns`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::registration_facts::Registration;
pub use super::server_facts::{
    Agreement, ChildDs, Delegation, FoundBy, Glue, HostName, Networks, ParentServer, PathStep,
    Route, RouteValidity, ServerDnssec, ServerFacts, SignatureProblem,
};
pub use super::target_facts::{SrvTarget, Wildcard};
use crate::model::{seen::Seen, standing::Standing};

/// Version of these facts.
pub const FACT_VERSION: u32 = 3;

/// Records and delegation of the target's name (RFC 1034, RFC 1035).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-probe" = "dns", "x-level" = "passive"))]
pub struct DnsFacts {
    /// The name that was looked up, in A-label form.
    pub name: String,
    /// Name of the zone that the name lies in; `null` when no zone answers for it.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub zone: Seen<Option<String>>,
    /// Whether the name is itself the top of its zone.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub is_apex: Seen<bool>,
    /// Whether the name exists (not NXDOMAIN).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub exists: Seen<bool>,
    /// A and AAAA addresses, after following CNAME.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "address"))]
    pub addresses: Seen<Vec<Address>>,
    /// The CNAME chain from the name, in order.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub cname: Seen<Vec<CnameStep>>,
    /// Where SRV records of well-known services below the name lead (RFC 2782).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub srv: Seen<Vec<SrvTarget>>,
    /// What the name says of names below it that nobody wrote down (RFC 4592); `null`
    /// when it says that they do not exist.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub wildcard: Seen<Option<Wildcard>>,
    /// Name servers of the zone.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub ns: Seen<Vec<NameServer>>,
    /// Start of authority of the zone.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub soa: Seen<Option<Soa>>,
    /// CAA set that governs the name, found by climbing (RFC 8659 section 3).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub caa: Seen<Option<Caa>>,
    /// TXT records at the name itself, as text.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "value"))]
    pub txt: Seen<Vec<Txt>>,
    /// DS records of the zone at its parent.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub ds: Seen<Vec<Ds>>,
    /// DNSKEY records of the zone.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub dnskey: Seen<Vec<Dnskey>>,
    /// What the records say together about DNSSEC.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub dnssec: Seen<Dnssec>,
    /// How the zone above hands out the zone; `null` when no zone does.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub delegation: Seen<Option<Delegation>>,
    /// Each address of each name server, asked by itself.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    pub servers: Seen<Vec<ServerFacts>>,
    /// Whether the name servers say the same.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub agreement: Seen<Agreement>,
    /// CDS and CDNSKEY records; `null` when there are none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "standard"))]
    pub child_ds: Seen<Option<ChildDs>>,
    /// The registration of the domain, as its registry tells it (`--rdap`); `null` when
    /// the registry does not know the domain.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub registration: Seen<Option<Registration>>,
    /// Where the name servers stand in the network.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub networks: Seen<Networks>,
}

/// An address of the target's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The address in canonical form (RFC 5952 for IPv6).
    pub address: String,
    /// Address family.
    pub family: AddressFamily,
    /// Whether the address is reachable from the public Internet (IANA special-purpose registries).
    /// One for documentation counts as public where `--connect-to` leads it elsewhere, as in a lab.
    pub public: bool,
}

/// Address family.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum AddressFamily {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// One CNAME record on the way to the addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CnameStep {
    /// The alias.
    pub name: String,
    /// What it points to.
    pub target: String,
    /// Whether the target exists (not NXDOMAIN).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub exists: Seen<bool>,
    /// How the target stands: whether it has an address, and if not, who could get it.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub standing: Seen<Standing>,
}

/// A name server of the zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameServer {
    /// Its name.
    pub name: String,
    /// Its addresses; an empty list means that it has none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "address"))]
    pub addresses: Seen<Vec<Address>>,
    /// Whether the name is an alias, which RFC 2181 section 10.3 rules out.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub is_alias: Seen<bool>,
    /// How its name stands: whether it has an address, and if not, who could get it.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub standing: Seen<Standing>,
}

/// Start of authority (RFC 1035 section 3.3.13). Times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Soa {
    pub mname: String,
    pub rname: String,
    pub serial: u32,
    pub refresh: u32,
    pub retry: u32,
    pub expire: u32,
    pub minimum: u32,
}

/// The CAA set that governs the name (RFC 8659).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Caa {
    /// Name at which the set was found.
    pub at: String,
    /// Where that name is an alias: the name that holds the set.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub alias_for: Seen<Option<String>>,
    /// `issue` properties; an empty domain forbids issuance.
    #[schemars(extend("x-key" = "domain"))]
    pub issuers: Vec<CaaIssuer>,
    /// `issuewild` properties.
    #[schemars(extend("x-key" = "domain"))]
    pub wildcard_issuers: Vec<CaaIssuer>,
    /// `iodef` properties.
    #[schemars(extend("x-key" = "value"))]
    pub iodef: Vec<Txt>,
    /// Faults in the records.
    #[schemars(extend("x-key" = "name"))]
    pub problems: Vec<CaaProblem>,
}

/// An `issue` or `issuewild` property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaaIssuer {
    /// Domain of the authority; empty when the property forbids issuance.
    pub domain: String,
    /// Parameters, as `name=value`.
    pub parameters: Vec<String>,
    /// Accounts to which issuance is bound (`accounturi`, RFC 8657 section 3).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub accounts: Seen<Vec<HostName>>,
    /// Methods of validation that are allowed (`validationmethods`, RFC 8657 section
    /// 4); `null`: not limited.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub methods: Seen<Option<Vec<HostName>>>,
    /// Whether an authority can meet the property at all.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub satisfiable: Seen<bool>,
}

/// A fault in a CAA record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaaProblem {
    /// What is wrong: `unknown_critical_tag`, `malformed_value`, `reserved_flag`, and of
    /// the parameters of RFC 8657 `malformed_accounturi`, `repeated_accounturi`,
    /// `malformed_validationmethods`, `repeated_validationmethods`,
    /// `unknown_validation_method`, `unsatisfiable`.
    pub name: String,
    /// The record.
    pub detail: String,
}

/// A text value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Txt {
    /// The value, its strings joined.
    pub value: String,
}

/// A DS record (RFC 4034 section 5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ds {
    /// Key tag, algorithm and digest type, as `12345/13/2`.
    pub key: String,
    /// Key tag of the DNSKEY that it names.
    pub key_tag: u16,
    /// Mnemonic of the algorithm (`ECDSAP256SHA256`) or its number.
    pub algorithm: String,
    /// Mnemonic of the digest type (`SHA-256`) or its number.
    pub digest_type: String,
}

/// A DNSKEY record (RFC 4034 section 2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dnskey {
    /// Key tag and algorithm, as `12345/13`.
    pub key: String,
    /// Key tag.
    pub key_tag: u16,
    /// Mnemonic of the algorithm or its number.
    pub algorithm: String,
    /// Whether the SEP flag is set (a key signing key).
    pub sep: bool,
    /// Whether the REVOKE flag is set (RFC 5011).
    pub revoked: bool,
    /// Size of an RSA modulus in bits; `null` for other algorithms.
    pub rsa_bits: Option<u32>,
}

/// What DS, DNSKEY and signatures say together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dnssec {
    /// Whether the zone publishes DNSKEY records.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub signed: Seen<bool>,
    /// Whether the parent publishes DS records.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub delegated: Seen<bool>,
    /// Whether a DS record names a DNSKEY of the zone by tag, algorithm and digest.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub ds_matches: Seen<bool>,
    /// What a validator says that begins at the root's trust anchors.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub validation: Seen<Validation>,
}

/// What validation says of the zone's SOA and NS and of the target's address
/// records (RFC 4035 section 5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// How the zone stands.
    pub status: DnssecStatus,
    /// Why it is not secure, as a reason code (`no_ds`, `signature_expired`); `null` when it is.
    pub reason: Option<String>,
    /// Name and type of the records at which the chain ends or breaks; `null` when it is secure.
    pub broken_at: Option<String>,
    /// The zones from the root down, as far as the chain goes.
    #[schemars(extend("x-key" = "zone"))]
    pub chain: Vec<ChainLink>,
    /// Signatures of the zone that hold, of each kind the one that ends first. Empty
    /// when the zone is not secure.
    #[schemars(extend("x-key" = "key"))]
    pub signatures: Vec<SignatureTimes>,
    /// How the zone proves that something is not there; `null` when no proof was met.
    pub denial: Option<Denial>,
}

/// How a zone stands to a validator (RFC 4033 section 5). What is indeterminate is a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DnssecStatus {
    /// Every link holds.
    Secure,
    /// A zone above proves that it is not signed.
    Insecure,
    /// A link should hold and does not: validating resolvers refuse to answer.
    Bogus,
}

/// A zone on the way from the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainLink {
    /// Its name; `.` for the root.
    pub zone: String,
    /// How it stands.
    pub status: DnssecStatus,
    /// Why it is not secure; `null` when it is.
    pub reason: Option<String>,
}

/// The times of a signature (RFC 4034 section 3.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureTimes {
    /// Type covered, key tag and algorithm, as `SOA/12345/13`.
    pub key: String,
    /// Type of the records that it covers.
    pub covered: String,
    /// Tag of the key that made it.
    pub key_tag: u16,
    /// Mnemonic of the algorithm or its number.
    pub algorithm: String,
    /// When it begins to be valid.
    pub inception: Timestamp,
    /// When it ceases to be valid.
    pub expiration: Timestamp,
}

/// How a zone proves absence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// By names or by hashes.
    pub kind: DenialKind,
    /// Additional rounds of hashing (RFC 5155 section 3.1.3); 0 for NSEC.
    pub iterations: u16,
    /// Length of the salt in octets; 0 for none.
    pub salt_octets: u8,
    /// Whether unsigned delegations are left out (RFC 5155 section 6).
    pub opt_out: bool,
}

/// Records that prove absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DenialKind {
    /// RFC 4034 section 4.
    #[serde(rename = "NSEC")]
    Nsec,
    /// RFC 5155.
    #[serde(rename = "NSEC3")]
    Nsec3,
}
