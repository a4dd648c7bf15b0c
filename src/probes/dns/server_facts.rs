//! What the DNS probe writes about delegation and about each name server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{AddressFamily, Denial, Ds, Soa};
use crate::model::seen::Seen;

/// How the servers above hand out the zone (RFC 1034 section 4.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// How the parent was found.
    pub found_by: FoundBy,
    /// Name of the zone above; `.` for the root.
    pub parent: String,
    /// Zones from the root down to the parent, with the server that led on.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "zone"))]
    pub path: Seen<Vec<PathStep>>,
    /// How many name servers the parent has.
    pub parent_servers: u32,
    /// What each of them hands out: one address of each, at most eight.
    #[schemars(extend("x-key" = "key"))]
    pub parents: Vec<ParentServer>,
    /// Name servers of the zone as its parent has them.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub ns: Seen<Vec<HostName>>,
    /// Whether all servers of the parent that answered hand out the same name servers.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub parents_agree: Seen<bool>,
    /// Name servers that the zone names and its parent does not.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub missing_at_parent: Seen<Vec<HostName>>,
    /// Name servers that the parent names and the zone does not.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub missing_in_zone: Seen<Vec<HostName>>,
    /// Addresses of name servers that the parent hands out with the referral.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub glue: Seen<Vec<Glue>>,
    /// Name servers inside the zone for which the parent hands out no address, so
    /// that nobody can reach them.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub glue_missing: Seen<Vec<HostName>>,
    /// Octets of the smallest referral that works, for the longest possible name:
    /// what has to fit into 512 octets for resolvers without EDNS.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub referral_octets: Seen<u32>,
}

/// How the zone above was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// By following referrals from the root.
    Referrals,
    /// Through the resolver.
    Resolver,
}

/// A zone on the way from the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathStep {
    /// Its name; `.` for the root.
    pub zone: String,
    /// The name server that led on.
    pub server: String,
    /// Its address.
    pub address: String,
}

/// A server of the zone above.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParentServer {
    /// Name and address, as `ns.example 192.0.2.1`.
    pub key: String,
    /// Its name.
    pub server: String,
    /// Its address.
    pub address: String,
    /// Name servers of the zone that it hands out.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub ns: Seen<Vec<HostName>>,
    /// DS records of the zone that it hands out.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub ds: Seen<Vec<Ds>>,
    /// Whether it serves the zone itself, so that it answers and refers nowhere.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub serves_zone: Seen<bool>,
}

/// The name of a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostName {
    /// The name, lower case, without the last dot.
    pub name: String,
}

/// An address that the parent hands out for a name server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Glue {
    /// Name and address, as `ns1.example 192.0.2.53`.
    pub key: String,
    /// Name of the server.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Whether the server's own zone gives it this address too.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub confirmed: Seen<bool>,
}

/// One address of one name server of the zone, as it answers itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    /// Name and address, as `ns1.example 192.0.2.53`.
    pub key: String,
    /// Its name.
    pub server: String,
    /// The address.
    pub address: String,
    /// Address family.
    pub family: AddressFamily,
    /// Whether it answers over UDP.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub udp: Seen<bool>,
    /// Whether it answers over TCP (RFC 7766).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub tcp: Seen<bool>,
    /// The address from which it answers, if that is another than the one asked (RFC
    /// 2181 section 4).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub other_source: Seen<Option<String>>,
    /// The response code to the question for the zone's SOA record.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub rcode: Seen<String>,
    /// Whether it answers for the zone with authority (AA).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub authoritative: Seen<bool>,
    /// The SOA record that it has; `null` when it has none.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub soa: Seen<Option<Soa>>,
    /// How many SOA records it answers with.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub soa_records: Seen<u32>,
    /// Name servers that it names.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub ns: Seen<Vec<HostName>>,
    /// Whether it speaks EDNS (RFC 6891).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub edns: Seen<bool>,
    /// Whether it refuses a version of EDNS that does not exist with BADVERS (RFC 6891
    /// section 6.1.3).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub edns_version_refused: Seen<bool>,
    /// Whether it ignores options and flags of EDNS that it does not know.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub edns_unknown_ignored: Seen<bool>,
    /// Whether it repeats the letters of a question as they were, which many resolvers
    /// take as proof against forgery.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub case_kept: Seen<bool>,
    /// Whether it answers a question for AAAA records properly (RFC 4074).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub aaaa_answered: Seen<bool>,
    /// Whether it refers upwards, to the root, when asked for what it does not serve.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub upward_referral: Seen<bool>,
    /// Types of which the answer over UDP did not fit.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub truncated: Seen<Vec<HostName>>,
    /// DNSSEC as this server serves it; `null` when it serves the zone unsigned.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub dnssec: Seen<Option<ServerDnssec>>,
    /// Names that the address leads back to (PTR).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub ptr: Seen<Vec<HostName>>,
    /// Whether it resolves names of others for anybody.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "intrusive"))]
    pub recursive: Seen<bool>,
    /// Whether it hands out the whole zone to anybody (AXFR).
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "intrusive"))]
    pub transfers: Seen<bool>,
    /// What it calls itself (RFC 5001); `null` when it says nothing.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "intrusive"))]
    pub nsid: Seen<Option<String>>,
    /// The software that it says it runs (`version.bind`); `null` when it says nothing.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-level" = "intrusive"))]
    pub version: Seen<Option<String>>,
}

/// DNSSEC as one server serves it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerDnssec {
    /// Keys that it has, as `12345/13`.
    #[schemars(extend("x-key" = "name"))]
    pub keys: Vec<HostName>,
    /// Signatures and proofs of absence in its answers that do not hold.
    #[schemars(extend("x-key" = "key"))]
    pub problems: Vec<SignatureProblem>,
    /// Algorithms that the keys have and the zone's signatures lack (RFC 4035 section 2.2).
    #[schemars(extend("x-key" = "name"))]
    pub algorithms_missing: Vec<HostName>,
    /// How it proves that something is not there; `null` when no proof was met.
    pub denial: Option<Denial>,
    /// CDS records (RFC 7344), as `12345/13/2`; `0/0/0` asks for the DS records to be deleted.
    #[schemars(extend("x-key" = "name"))]
    pub cds: Vec<HostName>,
    /// CDNSKEY records, as `12345/13`; `0/0` asks for the DS records to be deleted.
    #[schemars(extend("x-key" = "name"))]
    pub cdnskey: Vec<HostName>,
}

/// An answer whose signature or proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureProblem {
    /// Type and reason, as `SOA signature_expired`.
    pub key: String,
    /// Type of the records.
    pub records: String,
    /// Why, as a reason code.
    pub reason: String,
}

/// Whether all servers that answered with authority say the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The serial number of the SOA record.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub serial: Seen<bool>,
    /// The serial numbers met.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub serials: Seen<Vec<HostName>>,
    /// Everything else in the SOA record: MNAME, RNAME and timers.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub soa: Seen<bool>,
    /// The name servers.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub ns: Seen<bool>,
    /// The keys, CDS and CDNSKEY records.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    pub keys: Seen<bool>,
}

/// CDS and CDNSKEY records against the keys (RFC 7344 section 4.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildDs {
    /// Whether the records ask the parent to delete the DS records (RFC 8078 section 4).
    pub delete: bool,
    /// Faults: `cds_matches_no_key`, `cdnskey_matches_no_key`, `cds_and_cdnskey_differ`,
    /// `delete_beside_others`, `not_signed_by_delegated_key`.
    #[schemars(extend("x-key" = "name"))]
    pub problems: Vec<HostName>,
}

/// Where the zone's name servers stand in the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// Distinct addresses over IPv4.
    pub ipv4_addresses: u32,
    /// Networks of the size /24 that they lie in.
    #[schemars(extend("x-key" = "name"))]
    pub ipv4: Vec<HostName>,
    /// Distinct addresses over IPv6.
    pub ipv6_addresses: u32,
    /// Networks of the size /48 that they lie in.
    #[schemars(extend("x-key" = "name"))]
    pub ipv6: Vec<HostName>,
    /// Addresses that more than one name server has.
    #[schemars(extend("x-key" = "name"))]
    pub shared: Vec<HostName>,
    /// Autonomous systems that announce the addresses, by the routing table given.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "name"))]
    pub systems: Seen<Vec<HostName>>,
    /// The routes to the addresses, and what RPKI says of them.
    #[serde(default, skip_serializing_if = "Seen::is_unseen")]
    #[schemars(extend("x-key" = "key"))]
    pub routes: Seen<Vec<Route>>,
}

/// The route to an address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The address.
    pub key: String,
    /// The longest announced prefix that holds it; `null` when none does.
    pub prefix: Option<String>,
    /// The autonomous system that announces it, as `AS64496`; `null` when none does.
    pub origin: Option<String>,
    /// What the validated payloads say (RFC 6811); `null` without a route.
    pub validity: Option<RouteValidity>,
}

/// Route origin validation (RFC 6811 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RouteValidity {
    /// A payload covers the route and names its origin.
    Valid,
    /// Payloads cover the route, and none names its origin.
    Invalid,
    /// No payload covers it.
    NotFound,
}
