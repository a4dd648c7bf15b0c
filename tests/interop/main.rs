//! Scans of real servers from Debian packages, started here on loopback with
//! free ports, as whoever runs the tests. A test whose server is not installed
//! says so on standard error and is left out. And the demo's own servers.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "these are tests"
)]

mod apache;
mod bind;
mod browser_truth;
mod delegation;
mod demo;
mod dnssec;
mod dnssec_chain;
mod gating;
mod har;
mod hosted;
mod mail;
mod nginx;
mod observatory;
mod single_names;
mod site;
mod starttls;
mod starttls_servers;
mod starttls_words;
mod support;
mod tls;
mod tls_certificates;
mod tls_clients;
mod tls_corpus;
mod tls_ech;
mod tls_ech_aliases;
mod tls_features;
mod tls_fingerprint;
mod tls_http_upgrade;
mod tls_leaves;
mod tls_legacy_cost;
mod tls_mail;
mod tls_mozilla;
mod tls_names;
mod tls_odd;
mod tls_offers;
mod tls_old;
mod tls_pki;
mod tls_quic;
mod tls_renegotiation;
mod tls_revocation;
mod tls_rustls;
mod tls_servers;
mod tls_stacks;
mod tls_stacks_openssl;
mod tls_throttled;
mod tls_transparency;
mod tls_vulnerable;
mod web_cases;
mod web_faults;
