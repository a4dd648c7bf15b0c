//! Asks registries about domains (RDAP, RFC 9082): one question for each registrable
//! domain, whatever the number of targets in it. Off unless the user asks for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::OnceCell;
use url::Url;

use super::{
    error::NetError,
    http::{HttpRequest, HttpResponse},
    pace::lock,
    session::Session,
};
use crate::{
    model::gap::GapReason,
    wire::{
        rdap::{ANSWER_BYTES, BOOTSTRAP_BYTES, Bootstrap},
        text::clean,
    },
};

/// IANA's list of servers (RFC 9224 section 3).
const IANA: &str = "https://data.iana.org/rdap/dns.json";
/// Most redirects on the way to an answer (RFC 7480 section 5.2).
const REDIRECTS_MAX: usize = 3;
/// Most addresses of a server that are tried.
const ADDRESSES_MAX: usize = 3;
/// How long an answer may take.
const TIME: Duration = Duration::from_secs(10);
/// What is wanted (RFC 7480 section 4.2).
const ACCEPT: &str = "application/rdap+json, application/json;q=0.9";

/// Where to ask about registrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RdapSource {
    /// Nowhere.
    #[default]
    Off,
    /// The registry's server, by IANA's list.
    Iana,
    /// This server, for all domains.
    At(Url),
}

/// What a registry's server answered about a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdapAnswer {
    /// The address that was asked first.
    pub url: Url,
    /// The answer; `None` when the registry does not know the domain (404).
    pub body: Option<Vec<u8>>,
}

type Cell<T> = Arc<OnceCell<Result<Arc<T>, NetError>>>;

/// What all targets know of registries.
#[derive(Default)]
pub(super) struct Registries {
    bootstrap: Cell<Bootstrap>,
    domains: Mutex<HashMap<String, Cell<RdapAnswer>>>,
}

impl Session {
    /// Whether the user asked for registrations to be looked up.
    pub fn asks_registries(&self) -> bool {
        *self.rdap_source() != RdapSource::Off
    }

    /// What the registry says of a registrable domain, asked once in a run.
    ///
    /// # Errors
    /// [`GapReason::NotAsked`] without leave to ask and where the registry runs no
    /// server, [`GapReason::Throttled`] for a rate limit, [`GapReason::Refused`] for
    /// other codes, else as [`Session::get`].
    pub async fn registration(&self, domain: &str) -> Result<Arc<RdapAnswer>, NetError> {
        let cell = {
            let mut domains = lock(&self.registries().domains);
            domains.entry(domain.to_owned()).or_default().clone()
        };
        cell.get_or_init(|| async { self.ask_registry(domain).await.map(Arc::new) })
            .await
            .clone()
    }

    async fn ask_registry(&self, domain: &str) -> Result<RdapAnswer, NetError> {
        let base = match self.rdap_source() {
            RdapSource::Off => {
                let detail = "registries are asked with --rdap alone";
                return Err(NetError::new(GapReason::NotAsked, detail));
            }
            RdapSource::At(url) => url.clone(),
            RdapSource::Iana => {
                let bootstrap = self.bootstrap().await?;
                let Some(server) = bootstrap.server_for(domain) else {
                    return Err(NetError::new(
                        GapReason::NotAsked,
                        format!("IANA's list has no RDAP server for {domain}"),
                    ));
                };
                address(server)?
            }
        };
        let mut path = base.path().trim_end_matches('/').to_owned();
        path.push_str("/domain/");
        path.push_str(domain);
        let mut url = base;
        url.set_path(&path);
        let response = self.follow(&url, ANSWER_BYTES).await?;
        let body = match response.status {
            200 => Some(response.body),
            404 => None,
            status => return Err(refused(&url, status, &response)),
        };
        Ok(RdapAnswer { url, body })
    }

    async fn bootstrap(&self) -> Result<Arc<Bootstrap>, NetError> {
        let cell = &self.registries().bootstrap;
        cell.get_or_init(|| async {
            let url = address(IANA)?;
            let response = self.follow(&url, BOOTSTRAP_BYTES).await?;
            if response.status != 200 {
                return Err(refused(&url, response.status, &response));
            }
            let list = Bootstrap::parse(&response.body).map_err(|what| {
                let detail = format!("IANA's list of RDAP servers cannot be read: {what}");
                NetError::new(GapReason::Malformed, detail)
            })?;
            Ok(Arc::new(list))
        })
        .await
        .clone()
    }

    /// The answer at an address, after redirects that do not leave HTTPS.
    async fn follow(&self, url: &Url, max_body: usize) -> Result<HttpResponse, NetError> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self.fetch(&url, max_body).await?;
            let location = response.first("location", 2_000);
            let Some(location) = location.filter(|_| (300..400).contains(&response.status)) else {
                return match response.body_gap.clone() {
                    Some(error) => Err(error),
                    None => Ok(response),
                };
            };
            let next = url.join(&location).ok().filter(|next| {
                next.scheme() == "https" || next.scheme() == "http" && url.scheme() == "http"
            });
            url = next.ok_or_else(|| {
                let detail = format!("{} redirects to no address over HTTPS", shown(&url));
                NetError::new(GapReason::Malformed, detail)
            })?;
        }
        let detail = format!("{}: more than {REDIRECTS_MAX} redirects", shown(&url));
        Err(NetError::new(GapReason::TooLarge, detail))
    }

    async fn fetch(&self, url: &Url, max_body: usize) -> Result<HttpResponse, NetError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        self.admit_registry(&host, port);
        let found = self.addresses(&host).await?;
        let mut last = NetError::new(
            GapReason::Unresolved,
            format!("{} has no address", clean(&host, 255)),
        );
        for address in found.addresses.iter().take(ADDRESSES_MAX) {
            let request = HttpRequest {
                max_body,
                time: TIME,
                accept: ACCEPT,
                ..HttpRequest::new(url.clone(), address.ip).verified()
            };
            match self.get(&request).await {
                Ok(response) => return Ok(response),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn address(text: &str) -> Result<Url, NetError> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| {
            let detail = format!("{} is no address of an RDAP server", clean(text, 200));
            NetError::new(GapReason::Malformed, detail)
        })
}

fn shown(url: &Url) -> String {
    clean(url.as_str(), 200)
}

fn refused(url: &Url, status: u16, response: &HttpResponse) -> NetError {
    if status == 429 {
        let wait = match response.first("retry-after", 60) {
            Some(wait) => format!("; it asks to wait ({wait})"),
            None => String::new(),
        };
        let detail = format!("{} answers 429, too many requests{wait}", shown(url));
        return NetError::new(GapReason::Throttled, detail);
    }
    let detail = format!("{} answers with status {status}", shown(url));
    NetError::new(GapReason::Refused, detail)
}
