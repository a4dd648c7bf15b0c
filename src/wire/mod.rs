//! Pure codecs for untrusted bytes and strings.

pub mod caa;
pub mod cookie;
pub mod csp;
pub mod hsts;
pub mod html;
pub mod http_headers;
pub mod referrer_policy;
pub mod security_txt;
pub mod text;
pub mod tls;
