//! Pure codecs for untrusted bytes and strings.

pub mod bimi;
pub mod caa;
pub mod charset;
pub mod cookie;
pub mod csp;
pub mod dkim;
pub mod dmarc;
pub mod dnssec;
pub mod hsts;
pub mod html;
pub mod http_headers;
pub mod mta_sts;
pub mod referrer_policy;
pub mod robots;
pub mod root_hints;
pub mod routes;
pub mod security_txt;
pub mod sitemap;
pub mod smtp;
pub mod spf;
pub mod text;
pub mod tls;
pub mod tls_rpt;
pub mod tlsa;
pub mod x509;
