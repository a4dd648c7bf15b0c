//! What is asked for besides pages: robots.txt, security.txt, the sitemap, a page that does not
//! exist, pages for a second time, and at level intrusive left-over files and ports.

use hickory_proto::rr::rdata::svcb::{SvcParamKey, SvcParamValue};
use std::{collections::BTreeSet, net::IpAddr, time::Duration};
use url::Url;

use super::{
    crawl::Crawl,
    evidence::{curl_target, cut_lines},
    facts::{EchConfig, ExposedFile, HttpsRecord, Leak, MissingPage, PathList, Port, SecondLook},
    hidden::{PORTS, SUSPECTS, revealing},
    leaks,
    page::Sheet,
    visit::End,
};
use crate::{
    model::{
        gap::GapReason,
        level::Level,
        observation::{Evidence, EvidenceKind},
        seen::Seen,
    },
    net::{HttpRequest, HttpResponse, Method, NetError},
    probes::registry::ProbeContext,
    wire::{
        ech,
        robots::{self, Robots, Told},
        sitemap,
        text::clean,
    },
};

/// A path that no site has. The same each time, so that the same site gives the same facts.
const MISSING: &str = "/scrutineer-asks-for-a-page-that-is-not-there";
/// Where a script that wants to read the site's answers would run. No site can have this name (RFC 2606).
const FOREIGN: &str = "https://scrutineer.invalid";
/// Most pages that are asked for a second time.
const SECOND_LOOKS_MAX: usize = 4;
/// Most sitemaps of an index that are read.
const SITEMAPS_MAX: usize = 3;
/// Most requests for these, the sitemaps, a missing page and TRACE.
pub(super) const REQUESTS_MAX: usize = SECOND_LOOKS_MAX + SITEMAPS_MAX + 3;
/// Most bytes of a file that are looked at.
const PROOF_BYTES: usize = 4_096;
/// How long a port may take to accept a connection.
const PORT_TIME: Duration = Duration::from_secs(3);

/// What was asked for besides pages.
pub(super) struct Besides {
    /// The answer to a path that is not there, and what it looked like.
    pub(super) missing: Result<(MissingPage, Evidence), NetError>,
    pub(super) robots: Result<Option<PathList>, NetError>,
    /// The sitemap, and why there may be more of it.
    pub(super) sitemap: Result<(Option<PathList>, Option<NetError>), NetError>,
    pub(super) trace: Result<bool, NetError>,
    /// Files that were found, and why there may be more; `None` below level intrusive.
    pub(super) files: Option<(Vec<ExposedFile>, Option<NetError>)>,
    /// Ports with whether each is open; `None` below level intrusive.
    pub(super) ports: Option<Vec<(Port, Result<bool, NetError>)>>,
}

/// What came of asking for robots.txt.
pub(super) type RobotsFile = Result<Option<(Url, Told)>, NetError>;

/// The HTTPS records of the target (RFC 9460 section 9.1), of its name or of the name that its
/// port has, at the end of all aliases; `None` where there is none at all.
pub(super) async fn https_record(
    context: ProbeContext<'_>,
) -> Result<Option<HttpsRecord>, NetError> {
    let target = context.target;
    if target.name.parse::<IpAddr>().is_ok() {
        return Ok(None);
    }
    let port = target.port.unwrap_or(443);
    let service = context.session.service_records(&target.name, port).await?;
    let mut found: Option<(BTreeSet<String>, bool)> = service.aliased.then(Default::default);
    let mut lists = Vec::new();
    for record in &service.records {
        let (alpn, offered) = found.get_or_insert_default();
        for (key, value) in &record.svc_params {
            match value {
                SvcParamValue::Alpn(protocols) => {
                    alpn.extend(protocols.0.iter().take(16).map(|word| clean(word, 20)));
                }
                SvcParamValue::EchConfigList(list) => {
                    *offered = true;
                    lists.push(ech::configs(&list.0));
                }
                _ => *offered |= *key == SvcParamKey::EchConfigList,
            }
        }
    }
    Ok(found.map(|(alpn, offered)| HttpsRecord {
        alpn: alpn.into_iter().collect(),
        ech: offered,
        ech_configs: ech_configs(&lists).map_or(Seen::Unseen, Seen::Known),
    }))
}

/// The configurations of all records; `None` where one cannot be read.
fn ech_configs(lists: &[Option<Vec<ech::EchConfig>>]) -> Option<Vec<EchConfig>> {
    let mut found = Vec::new();
    for list in lists {
        for config in list.as_ref()? {
            let contents = config.contents.as_ref();
            found.push(EchConfig {
                key: found.len().to_string(),
                version: format!("0x{:04x}", config.version),
                config_id: contents.map(|contents| contents.config_id),
                kem: contents.map(|contents| format!("0x{:04x}", contents.kem)),
                public_name: contents.map(|contents| contents.public_name.clone()),
            });
        }
    }
    Some(found)
}

impl Crawl<'_> {
    /// Which paths a crawler may visit (RFC 9309): all when there is no robots.txt, none
    /// when the server fails to give it. And what the file tells everybody.
    pub(super) async fn robots(&self, front: &Url, ip: IpAddr) -> (Robots, RobotsFile) {
        let (robots, told) = match self.robots_file(front, ip).await {
            Ok(Some((url, text))) => (Robots::parse(&text), Ok(Some((url, robots::told(&text))))),
            Ok(None) => (Robots::all_allowed(), Ok(None)),
            Err(error) => (Robots::nothing_allowed(), Err(error)),
        };
        match self.context.target.ignore_robots {
            true => (Robots::all_allowed(), told),
            false => (robots, told),
        }
    }

    async fn robots_file(
        &self,
        front: &Url,
        ip: IpAddr,
    ) -> Result<Option<(Url, String)>, NetError> {
        let url = front
            .join("/robots.txt")
            .map_err(|error| NetError::new(GapReason::Malformed, error.to_string()))?;
        let way = self.visitor().follow(&url, ip).await?;
        match (way.final_step(), &way.end) {
            (Some(step), _) if step.response.status == 200 => Ok(Some((
                step.url.clone(),
                String::from_utf8_lossy(&step.response.body).into_owned(),
            ))),
            (Some(_), _) | (None, End::LeftScope(_)) => Ok(None),
            (None, _) => Err(way
                .failure()
                .unwrap_or_else(|| NetError::new(GapReason::Refused, "/robots.txt leads nowhere"))),
        }
    }

    pub(super) async fn security_txt(&mut self, origin: &(Url, IpAddr)) {
        let mut found = Ok(None);
        for path in ["/.well-known/security.txt", "/security.txt"] {
            let Ok(url) = origin.0.join(path) else {
                continue;
            };
            match self.page(&url, origin.1).await {
                Ok((url, ip, response)) if response.status == 200 => {
                    let text = String::from_utf8_lossy(&response.body).into_owned();
                    // A page for everything that is not there is no file.
                    if crate::wire::security_txt::parse(&text).is_plausible() {
                        self.answers.security_text = text;
                        found = Ok(Some(Sheet::read(url, response)));
                        break;
                    }
                    if let Some(gap) = response.body_gap {
                        found = Err(gap);
                        break;
                    }
                    self.answers.no_security_txt.push((url, ip, response));
                }
                Ok((url, ip, response)) if matches!(response.status, 404 | 410) => {
                    self.answers.no_security_txt.push((url, ip, response));
                }
                Ok((_, _, response)) => {
                    let detail = format!("{path}: status {}", response.status);
                    found = Err(NetError::new(GapReason::Refused, detail));
                    break;
                }
                Err(error) => {
                    found = Err(error);
                    break;
                }
            }
        }
        self.answers.security_txt = Some(found);
    }

    /// Asks again for the front page and for pages with a nonce or a form, as a script of a
    /// foreign site would: a nonce must be another, and the answer must not be open to that site.
    pub(super) async fn second_looks(&self) -> (Vec<SecondLook>, Vec<NetError>) {
        let (mut looks, mut missed) = (Vec::new(), Vec::new());
        let worth = self
            .answers
            .pages
            .iter()
            .enumerate()
            .filter(|(number, page)| {
                let sheet = &page.sheet;
                sheet.url.scheme() == "https"
                    && (*number == 0 || sheet.has_form() || !sheet.nonces().is_empty())
            });
        for (_, page) in worth.take(SECOND_LOOKS_MAX) {
            let mut request = HttpRequest::new(page.sheet.url.clone(), page.ip);
            request.origin = Some(FOREIGN);
            let response = match self.context.session.get(&request).await {
                Ok(response) if response.status == page.sheet.response.status => response,
                Ok(response) => {
                    let detail = format!(
                        "{}: status {} at the second look",
                        page.key, response.status
                    );
                    missed.push(NetError::new(GapReason::Blocked, detail));
                    continue;
                }
                Err(error) => {
                    missed.push(error);
                    continue;
                }
            };
            let value = |name: &str| response.first(name, 300);
            let allowed = value("access-control-allow-origin");
            let named = allowed.as_deref() == Some(FOREIGN);
            let credentials = value("access-control-allow-credentials").as_deref() == Some("true");
            let first = page.sheet.nonces();
            let second = Sheet::read(page.sheet.url.clone(), response).nonces();
            looks.push(SecondLook {
                key: page.key.clone(),
                nonce_reused: (!first.is_empty())
                    .then(|| first.iter().any(|nonce| second.contains(nonce))),
                foreign_origin_allowed: named || allowed.as_deref() == Some("*"),
                foreign_origin_with_credentials: named && credentials,
                allow_origin: Seen::Known(allowed),
            });
        }
        (looks, missed)
    }

    /// Asks for what is no page.
    pub(super) async fn besides(&self, front: &Url, ip: IpAddr, told: RobotsFile) -> Besides {
        let missing = self.missing_page(front, ip).await;
        let sitemap = self.sitemap(front, ip, &told).await;
        let robots = told.map(|file| {
            file.map(|(url, told)| PathList {
                url: clean(url.as_str(), 500),
                revealing: revealing(told.paths.iter().map(String::as_str)),
            })
        });
        let intrusive = self.context.level >= Level::Intrusive;
        let files = match (intrusive, &missing) {
            (true, Ok((_, _, body))) => Some(self.files(front, ip, body).await),
            (true, Err(error)) => Some((Vec::new(), Some(error.clone()))),
            (false, _) => None,
        };
        let trace = self.trace(front, ip).await;
        let ports = match intrusive {
            true => Some(self.ports().await),
            false => None,
        };
        Besides {
            missing: missing.map(|(page, evidence, _)| (page, evidence)),
            robots,
            sitemap,
            trace,
            files,
            ports,
        }
    }

    async fn get(
        &self,
        front: &Url,
        ip: IpAddr,
        path: &str,
        most: usize,
    ) -> Result<HttpResponse, NetError> {
        let url = front
            .join(path)
            .map_err(|error| NetError::new(GapReason::Malformed, error.to_string()))?;
        let mut request = HttpRequest::new(url, ip);
        request.max_body = most;
        let response = self.context.session.get(&request).await?;
        match response.status {
            429 | 503 => {
                let detail = format!("{path}: status {}", response.status);
                Err(NetError::new(GapReason::Blocked, detail))
            }
            _ => Ok(response),
        }
    }

    /// The answer to a path that no site has, and its body.
    async fn missing_page(
        &self,
        front: &Url,
        ip: IpAddr,
    ) -> Result<(MissingPage, Evidence, Vec<u8>), NetError> {
        let response = self.get(front, ip, MISSING, 64 << 10).await?;
        if response.status == 403 {
            let detail = "a path that is not there: status 403, perhaps a filter";
            return Err(NetError::new(GapReason::Blocked, detail));
        }
        // A front page in place of the missing one is no error page.
        let leaks: Vec<Leak> = match response.status {
            400.. => leaks::of_error_page(&String::from_utf8_lossy(&response.body)),
            _ => leaks::of_page(&String::from_utf8_lossy(&response.body)),
        };
        let page = MissingPage {
            status: response.status,
            leaks,
        };
        let (data, cut) = cut_lines(&String::from_utf8_lossy(&response.body));
        let mut url = front.clone();
        url.set_path(MISSING);
        let evidence = Evidence {
            at: "/web/exposure/missing_page".to_owned(),
            kind: EvidenceKind::HttpBody,
            data,
            cut,
            reproduce: format!("curl -sS {}", curl_target(&url, ip, &response)),
        };
        Ok((page, evidence, response.body))
    }

    /// The sitemap that robots.txt names on this site, else the usual one, with the first few
    /// that it leads to when it is an index; and why there may be more.
    async fn sitemap(
        &self,
        front: &Url,
        ip: IpAddr,
        told: &RobotsFile,
    ) -> Result<(Option<PathList>, Option<NetError>), NetError> {
        let named = told
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .into_iter()
            .flat_map(|(_, told)| &told.sitemaps)
            .filter_map(|url| front.join(url).ok())
            .find(|url| url.origin() == front.origin());
        let path = named.map_or_else(|| "/sitemap.xml".to_owned(), |url| url.path().to_owned());
        let response = self.get(front, ip, &path, 1 << 20).await?;
        if response.status != 200 {
            return Ok((None, None));
        }
        let mut more = response.body_gap;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let mut urls = sitemap::locations(&text);
        if sitemap::is_index(&text) {
            let parts: Vec<Url> = urls
                .iter()
                .filter_map(|url| front.join(url).ok())
                .filter(|url| url.origin() == front.origin())
                .collect();
            if parts.len() > SITEMAPS_MAX {
                let detail =
                    format!("only the first {SITEMAPS_MAX} sitemaps of the index are read");
                more = Some(NetError::new(GapReason::BudgetSpent, detail));
            }
            for part in parts.into_iter().take(SITEMAPS_MAX) {
                match self.get(front, ip, part.as_str(), 1 << 20).await {
                    Ok(response) => {
                        let text = String::from_utf8_lossy(&response.body);
                        if response.status == 200 {
                            urls.extend(sitemap::locations(&text));
                        }
                        more = response.body_gap.or(more);
                    }
                    Err(error) => more = Some(error),
                }
            }
        }
        if urls.is_empty() {
            return Ok((None, more));
        }
        let paths: Vec<String> = urls
            .iter()
            .filter_map(|url| Some(front.join(url).ok()?.path().to_owned()))
            .collect();
        let url = front.join(&path).map_or(path, String::from);
        let list = PathList {
            url: clean(&url, 500),
            revealing: revealing(paths.iter().map(String::as_str)),
        };
        Ok((Some(list), more))
    }

    /// Whether TRACE sends the request back: an answer of another kind refuses it.
    async fn trace(&self, front: &Url, ip: IpAddr) -> Result<bool, NetError> {
        let mut request = HttpRequest::new(front.clone(), ip);
        request.method = Method::Trace;
        request.max_body = PROOF_BYTES;
        let response = self.context.session.get(&request).await?;
        Ok(response.status == 200 && response.body.starts_with(b"TRACE "))
    }

    /// Files that are left over, each proven by its content. A page that the site sends for
    /// everything proves nothing.
    async fn files(
        &self,
        front: &Url,
        ip: IpAddr,
        missing: &[u8],
    ) -> (Vec<ExposedFile>, Option<NetError>) {
        let mut found = Vec::new();
        for suspect in SUSPECTS {
            match self.get(front, ip, suspect.path, PROOF_BYTES).await {
                Ok(response) => {
                    let proven =
                        suspect.is_proven_by(&response.body) && !suspect.is_proven_by(missing);
                    if response.status == 200 && proven {
                        found.push(ExposedFile {
                            key: suspect.path.to_owned(),
                            kind: suspect.kind.to_owned(),
                            proof: suspect.proof.to_owned(),
                        });
                    }
                }
                // Who does not want us is not pressed further.
                Err(error) => return (found, Some(error)),
            }
        }
        (found, None)
    }

    /// Tries the ports of services that are not for voters, on the first address of each family.
    /// A connection is opened and closed, and nothing is sent.
    async fn ports(&self) -> Vec<(Port, Result<bool, NetError>)> {
        let mut addresses: Vec<IpAddr> = Vec::new();
        for attempt in &self.answers.origins {
            if !addresses
                .iter()
                .any(|ip| ip.is_ipv4() == attempt.ip.is_ipv4())
            {
                addresses.push(attempt.ip);
            }
        }
        let tries = addresses
            .into_iter()
            .flat_map(|ip| PORTS.map(|port| (ip, port)));
        let tries = tries.map(|(ip, (port, service))| async move {
            let session = self.context.session;
            let what = format!("connecting to {ip}, port {port}");
            let connect = session.connect(&self.context.target.name, ip, port);
            let open = match session.within(PORT_TIME, &what, connect).await {
                Ok(Ok(_)) => Ok(true),
                Ok(Err(error)) | Err(error) => {
                    match error.is_refused() || error.reason == GapReason::Timeout {
                        // Silence is how a firewall says no.
                        true => Ok(false),
                        false => Err(error),
                    }
                }
            };
            let port = Port {
                key: std::net::SocketAddr::new(ip, port).to_string(),
                port,
                service: service.to_owned(),
                open: crate::model::seen::Seen::Unseen,
            };
            (port, open)
        });
        futures_util::future::join_all(tries).await
    }
}
