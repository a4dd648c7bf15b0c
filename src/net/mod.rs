//! The only sockets: scope guard, dialer, budgets, resolver, HTTP and SMTP clients.
//!
//! [`Net`] holds what all targets share: configuration, limits, resolver and
//! roots. A [`Session`] is the work on one target, with its scope, deadline,
//! budget, cost and DNS cache. Probes get a session and nothing else; every
//! exchange fails with a [`NetError`] that is already a gap's reason.

mod address;
mod answer;
mod authority;
mod config;
mod connect_rule;
mod connection;
mod dns_query;
mod error;
mod http;
mod kept;
mod meter;
mod pace;
mod present;
mod rdap;
mod resolver;
mod route;
mod scope;
mod session;
mod special;
mod standing;
#[cfg(test)]
pub(crate) mod test_resolver;
#[cfg(test)]
mod tests;
pub mod tls;

pub use address::{AddressSet, Family, ScopedAddress};
pub use answer::{Alias, Answer, rcode_text};
pub use config::{Digests, Limits, NetConfig, StopSignal, Stopper};
pub use connect_rule::{ConnectRule, ConnectRuleError, Host};
pub use connection::Connection;
pub use dns_query::{DnsQuery, DnsReply, Extras, UNKNOWN_OPTION};
pub use error::NetError;
pub use hickory_proto::rr::RecordType;
#[cfg(test)]
pub(crate) use http::testing;
pub use http::{HttpRequest, HttpResponse, MAX_BODY, Method, Trust};
pub use present::{
    answer_text, data_text, dig, https_owner, invented_label, name_text, parse_name, record_text,
    reply_text, shell_word,
};
pub use rdap::{RdapAnswer, RdapSource};
pub use route::local_address;
pub use rustls::RootCertStore as RootStore;
pub use scope::Scope;
pub use session::{Admission, Net, SERVICE_ALIASES_MAX, ServiceRecords, Session};
pub use special::{is_public, special_use};
pub use standing::{Stands, registered_domain};
