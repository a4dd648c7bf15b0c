//! The observation that the fifteen hard cases are written against, as types:
//! small, and in every form that a probe's facts take.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde_json::Value;

use crate::model::target::Target;

/// Its JSON Schema.
pub fn schema() -> Value {
    schemars::schema_for!(Observation).to_value()
}

#[derive(JsonSchema)]
#[allow(dead_code)]
pub struct Observation {
    target: Target,
    gaps: Vec<String>,
    tls: Tls,
    dns: Dns,
    mail: Mail,
    web: Web,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
#[schemars(extend("x-probe" = "tls", "x-level" = "passive"))]
struct Tls {
    #[schemars(extend("x-key" = "key"))]
    endpoints: Vec<Endpoint>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Endpoint {
    key: String,
    purpose: EndpointPurpose,
    host: String,
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    versions: Vec<Version>,
    #[schemars(extend("x-key" = "name", "x-level" = "standard"))]
    suites: Vec<Suite>,
    #[schemars(extend("x-key" = "key"))]
    certificates: Vec<Certificate>,
    #[schemars(extend("x-key" = "by", "x-level" = "intrusive"))]
    renegotiation: Vec<Renegotiation>,
}

/// What it serves.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code)]
enum EndpointPurpose {
    /// A website.
    Https,
    /// A mail exchanger.
    Smtp,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Version {
    name: VersionName,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
enum VersionName {
    #[schemars(rename = "SSL3")]
    Ssl3,
    #[schemars(rename = "TLS1.0")]
    Tls10,
    #[schemars(rename = "TLS1.2")]
    Tls12,
    #[schemars(rename = "TLS1.3")]
    Tls13,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Suite {
    name: String,
    version: VersionName,
    kex_bits: u32,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Certificate {
    key: String,
    not_after: Timestamp,
    issuer: Issuer,
    chain: Chain,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Issuer {
    caa_ids: Vec<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Chain {
    #[schemars(extend("x-key" = "name"))]
    problems: Vec<Problem>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Problem {
    name: String,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Renegotiation {
    by: String,
    accepted: bool,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
#[schemars(extend("x-probe" = "dns", "x-level" = "passive"))]
struct Dns {
    caa: Option<Caa>,
    #[schemars(extend("x-key" = "name"))]
    ns: Vec<Ns>,
    #[schemars(extend("x-key" = "key"))]
    servers: Vec<Server>,
    dnssec: Dnssec,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Caa {
    at: String,
    issuers: Vec<CaaIssuer>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct CaaIssuer {
    domain: String,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Ns {
    name: String,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Server {
    key: String,
    #[schemars(extend("x-key" = "key"))]
    answers: Vec<Answer>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Answer {
    key: String,
    status: AnswerStatus,
    reason: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code)]
enum AnswerStatus {
    Secure,
    Insecure,
    Bogus,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Dnssec {
    signed: bool,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
#[schemars(extend("x-probe" = "mail", "x-level" = "passive"))]
struct Mail {
    sends: bool,
    #[schemars(extend("x-key" = "name"))]
    mx: Vec<Mx>,
    spf: Option<Spf>,
    dmarc: Dmarc,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Mx {
    name: String,
    null_mx: bool,
    #[schemars(extend("x-key" = "key", "x-level" = "standard"))]
    endpoints: Vec<MxEndpoint>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct MxEndpoint {
    key: String,
    #[schemars(extend("x-key" = "key"))]
    tlsa: Vec<Tlsa>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Tlsa {
    key: String,
    usable: bool,
    matches: bool,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Spf {
    all: Option<SpfResult>,
    #[schemars(extend("x-key" = "path"))]
    lookups: Vec<Lookup>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code)]
enum SpfResult {
    /// `+`
    Pass,
    /// `?`
    Neutral,
    /// `~`
    Softfail,
    /// `-`
    Fail,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Lookup {
    name: String,
    path: String,
    term: String,
    void: bool,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Dmarc {
    effective: Option<Policy>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Policy {
    policy: DmarcDisposition,
    tag: String,
    from: String,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code)]
enum DmarcDisposition {
    /// Deliver.
    None,
    /// Set aside.
    Quarantine,
    /// Refuse.
    Reject,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
#[schemars(extend("x-probe" = "web", "x-level" = "passive"))]
struct Web {
    #[schemars(extend("x-key" = "key"))]
    chains: Vec<RedirectChain>,
    #[schemars(extend("x-key" = "key"))]
    pages: Vec<Page>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct RedirectChain {
    key: String,
    #[schemars(extend("x-key" = "key"))]
    hops: Vec<Hop>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Hop {
    key: String,
    scheme: String,
    host: String,
    in_scope: bool,
    hsts: Option<Hsts>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Hsts {
    max_age: u64,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Page {
    key: String,
    csp: Option<Csp>,
    #[schemars(extend("x-key" = "key"))]
    forms: Vec<Form>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Csp {
    policies: Vec<String>,
    effective: Effective,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Effective {
    inline_script_runs: bool,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Form {
    key: String,
    page: String,
    action: Action,
    #[schemars(extend("x-key" = "name"))]
    fields: Vec<Field>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Action {
    url: String,
    scheme: String,
    host: String,
    same_site: bool,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Field {
    name: String,
    kind: FieldKind,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[allow(dead_code)]
enum FieldKind {
    /// A date of birth.
    BirthDate,
    /// A search term.
    Search,
}
