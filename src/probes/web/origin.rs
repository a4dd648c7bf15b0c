//! The server behind a network that stands in front of a site: whether addresses that the inventory
//! calls the origin, or that DNS and the certificate give away, serve the site to everybody.
//!
//! An address is told by the page that it serves, never by a certificate, a header or an icon. Each
//! is asked for the front page over HTTPS and HTTP, as a browser would that believes the site to
//! live there, and for nothing else. Names are looked up only if they belong to the scan; those of
//! the same site, and addresses in SPF records, from level intrusive on.

use futures_util::future::join_all;
use hickory_proto::rr::RData;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use url::Url;

use super::{
    evidence::head_evidence,
    facts::DirectAnswer,
    fold::is_closed,
    fronts,
    jobs::{Answers, Visited},
    page::Sheet,
    site::{registrable, same_site},
    visit::{End, Step, Visitor, Way},
};
use crate::{
    model::{gap::GapReason, level::Level, observation::Evidence},
    net::{HttpResponse, NetError, RecordType, name_text},
    probes::registry::ProbeContext,
    wire::{
        spf::{self, Mechanism},
        x509::{Certificate, Name},
    },
};

/// Most addresses that are asked beyond those that the inventory names.
pub(super) const LEADS_MAX: usize = 8;
/// Most names that are looked up for them.
pub(super) const NAMES_MAX: usize = 12;
/// How long a port may take to accept a connection before it counts as silent.
const PORT_TIME: Duration = Duration::from_secs(3);
/// Fewest lines of a page that half of them say anything.
const LINES_MIN: usize = 4;

/// What came of asking past the network in front.
#[derive(Default)]
pub(super) struct Direct {
    /// Addresses that the inventory calls the origin.
    pub(super) named: Vec<Look>,
    /// Addresses that were found, and why there may be more.
    pub(super) leads: Vec<Look>,
    pub(super) more: Option<NetError>,
}

/// One address, asked over both schemes.
pub(super) struct Look {
    pub(super) ip: IpAddr,
    pub(super) named_by: String,
    pub(super) https: Result<Reply, NetError>,
    pub(super) http: Result<Reply, NetError>,
}

/// What one port answered.
pub(super) struct Reply {
    pub(super) answer: DirectAnswer,
    /// What agrees with the front page.
    pub(super) agrees: Vec<&'static str>,
    /// The head of its page.
    pub(super) evidence: Option<Evidence>,
}

impl Reply {
    fn bare(answer: DirectAnswer) -> Self {
        Self {
            answer,
            agrees: Vec::new(),
            evidence: None,
        }
    }
}

/// Whether anything is to be asked, so that the text of the front page is needed.
pub(super) fn is_wanted(context: &ProbeContext<'_>, answers: &Answers) -> bool {
    context.level >= Level::Standard
        && (!context.target.origin.is_empty() || fronts::shield(&answers.origins).is_some())
}

/// Asks the addresses of the inventory, and where a network stands in front those that were found.
pub(super) async fn ask(context: ProbeContext<'_>, answers: &Answers) -> Direct {
    let Some(front) = answers
        .pages
        .first()
        .filter(|_| is_wanted(&context, answers))
    else {
        return Direct::default();
    };
    let own: BTreeSet<IpAddr> = answers.origins.iter().map(|attempt| attempt.ip).collect();
    let named: BTreeMap<IpAddr, BTreeSet<String>> = context
        .target
        .origin
        .iter()
        .filter_map(|text| text.parse().ok())
        .map(|ip| (ip, BTreeSet::from(["the inventory".to_owned()])))
        .collect();
    let (mut found, mut more) = match fronts::shield(&answers.origins) {
        Some(_) => leads(context, front).await,
        None => (BTreeMap::new(), None),
    };
    found.retain(|ip, _| !own.contains(ip) && !named.contains_key(ip));
    if found.len() > LEADS_MAX {
        let detail = format!("only the first {LEADS_MAX} addresses are asked");
        more.get_or_insert(NetError::new(GapReason::BudgetSpent, detail));
    }
    let looks = |addresses: BTreeMap<IpAddr, BTreeSet<String>>, most: usize| {
        join_all(addresses.into_iter().take(most).map(|(ip, sources)| {
            let named_by = sources.into_iter().collect::<Vec<_>>().join(", ");
            look(context, front, ip, named_by)
        }))
    };
    Direct {
        named: looks(named, usize::MAX).await,
        leads: looks(found, LEADS_MAX).await,
        more,
    }
}

type Found = BTreeMap<IpAddr, BTreeSet<String>>;

/// Addresses that records and the certificate give away, and why there may be more.
async fn leads(context: ProbeContext<'_>, front: &Visited) -> (Found, Option<NetError>) {
    let session = context.session;
    let intrusive = context.level >= Level::Intrusive;
    let (mut found, mut more) = (Found::new(), None);
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let domain = registrable(&context.target.name).map(str::to_owned);
    let mut domains = vec![context.target.name.clone()];
    domains.extend(domain.filter(|domain| *domain != context.target.name));
    for domain in &domains {
        names.insert(domain.clone(), domain.clone());
        match session.lookup(domain, RecordType::MX).await {
            Ok(answer) => names.extend(answer.data().filter_map(|data| match data {
                RData::MX(mx) => {
                    let name = name_text(&mx.exchange);
                    Some((name.clone(), format!("MX {name}")))
                }
                _ => None,
            })),
            Err(error) => more = Some(error),
        }
        if !intrusive {
            continue;
        }
        match session.lookup(domain, RecordType::TXT).await {
            Ok(answer) => {
                for text in answer.texts().iter().filter(|text| spf::is_record(text)) {
                    for ip in single_addresses(text) {
                        found
                            .entry(ip)
                            .or_default()
                            .insert(format!("SPF of {domain}"));
                    }
                }
            }
            Err(error) => more = Some(error),
        }
    }
    for name in certificate_names(&front.sheet.response) {
        let words = format!("certificate {name}");
        names.entry(name).or_insert(words);
    }
    let may_ask =
        |name: &str| session.in_scope(name) || intrusive && same_site(name, &context.target.name);
    let names: Vec<(String, String)> = names
        .into_iter()
        .filter(|(name, _)| may_ask(name))
        .collect();
    if names.len() > NAMES_MAX {
        let detail = format!("only the first {NAMES_MAX} names are looked up");
        more = Some(NetError::new(GapReason::BudgetSpent, detail));
    }
    for (name, words) in names.into_iter().take(NAMES_MAX) {
        match session.addresses(&name).await {
            Ok(set) => {
                for address in set.addresses {
                    found.entry(address.ip).or_default().insert(words.clone());
                }
                more = set
                    .failures
                    .into_iter()
                    .next()
                    .map(|(_, error)| error)
                    .or(more);
            }
            Err(error) => more = Some(error),
        }
    }
    (found, more)
}

/// Single addresses of an SPF record: a range may be that of a provider.
fn single_addresses(record: &[u8]) -> Vec<IpAddr> {
    let directives = spf::parse(record).directives.into_iter();
    directives
        .filter_map(|directive| match directive.mechanism {
            Mechanism::Ip4(ip, 32) => Some(IpAddr::V4(ip)),
            Mechanism::Ip6(ip, 128) => Some(IpAddr::V6(ip)),
            _ => None,
        })
        .collect()
}

/// The names of the certificate that came with an answer; wildcards are none.
fn certificate_names(response: &HttpResponse) -> Vec<String> {
    let certificate = response.leaf.as_deref().map(Certificate::read);
    let names = certificate.and_then(Result::ok).map(|leaf| leaf.names);
    names
        .into_iter()
        .flatten()
        .filter_map(|name| match name {
            Name::Dns(name) if !name.contains('*') => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

async fn look(context: ProbeContext<'_>, front: &Visited, ip: IpAddr, named_by: String) -> Look {
    let over = |scheme: &str, port: Option<u16>| {
        let mut url = front.sheet.url.clone();
        // Both schemes are special, and a port is kept only where it is unusual.
        let _ = (url.set_scheme(scheme), url.set_port(port));
        url
    };
    let (https, http) = (over("https", context.target.port), over("http", None));
    let visitor = Visitor::new(context.session, true);
    let (https, http) = tokio::join!(
        reply(context, &visitor, front, &https, ip),
        reply(context, &visitor, front, &http, ip)
    );
    Look {
        ip,
        named_by,
        https,
        http,
    }
}

async fn reply(
    context: ProbeContext<'_>,
    visitor: &Visitor<'_>,
    front: &Visited,
    url: &Url,
    ip: IpAddr,
) -> Result<Reply, NetError> {
    match visitor.follow(url, ip).await {
        Ok(way) => judge(front, &way, ip),
        Err(error) if is_closed(&error) => Ok(Reply::bare(DirectAnswer::Closed)),
        Err(error) if error.is_alert() => Ok(Reply::bare(DirectAnswer::Refused)),
        Err(error) if error.reason == GapReason::Timeout => silent(context, url, ip, error).await,
        Err(error) => Err(error),
    }
}

/// Whether a port that gave no answer accepts connections at all.
async fn silent(
    context: ProbeContext<'_>,
    url: &Url,
    ip: IpAddr,
    first: NetError,
) -> Result<Reply, NetError> {
    let port = url.port_or_known_default().unwrap_or(443);
    let what = format!("connecting to {}", SocketAddr::new(ip, port));
    let host = url.host_str().unwrap_or_default();
    let connect = context.session.connect(host, ip, port);
    match context.session.within(PORT_TIME, &what, connect).await {
        Ok(Ok(_)) => Err(first),
        Ok(Err(error)) | Err(error) => match error.reason {
            GapReason::Timeout => Ok(Reply::bare(DirectAnswer::Silent)),
            _ if error.is_refused() => Ok(Reply::bare(DirectAnswer::Closed)),
            _ => Err(error),
        },
    }
}

/// What an address says of the site by the way that begins there.
fn judge(front: &Visited, way: &Way, ip: IpAddr) -> Result<Reply, NetError> {
    if fronts::shield_of(way.steps.iter().filter(|step| step.ip == ip)).is_some() {
        return Ok(Reply::bare(DirectAnswer::Fronted));
    }
    let Some(last) = way.steps.last() else {
        return Err(NetError::new(GapReason::Internal, "a way without steps"));
    };
    let here = last.ip == ip;
    let answer = match &way.end {
        End::Blocked(_) if here && last.response.status == 403 => DirectAnswer::Refused,
        // The first step was an answer of the address; where it led to is not its own.
        End::Blocked(_) | End::Failed(_) if way.steps.len() > 1 => DirectAnswer::Redirect,
        End::Failed(_) | End::LeftScope(_) | End::Loop | End::TooMany | End::Broken => {
            DirectAnswer::Redirect
        }
        End::Blocked(error) => return Err(error.clone()),
        End::Final if !here => DirectAnswer::Redirect,
        End::Final if (400..500).contains(&last.response.status) => DirectAnswer::Refused,
        End::Final => return compare(front, last),
    };
    Ok(Reply::bare(answer))
}

/// Holds the page of an address against the front page.
fn compare(front: &Visited, step: &Step) -> Result<Reply, NetError> {
    let response = HttpResponse::clone(&step.response);
    let cut = response.body_gap.clone();
    let head = head_evidence(String::new(), &step.url, step.ip, &response);
    let page = Sheet::read_with(step.url.clone(), response, true);
    let agrees = agreement(&front.sheet, &page);
    let has = |what: &str| agrees.contains(&what);
    let is_site = has("text")
        || has("title") && has("lines")
        // A page that scripts fill has no text of its own.
        || has("title") && has("scripts") && !shows_text(&front.sheet) && !shows_text(&page);
    let unread = || NetError::new(GapReason::Malformed, "the front page is no HTML document");
    match (is_site, cut) {
        (false, Some(error)) => Err(error),
        (false, None) if front.sheet.document.is_none() => Err(unread()),
        (is_site, _) => Ok(Reply {
            answer: match is_site {
                true => DirectAnswer::Site,
                false => DirectAnswer::OtherPage,
            },
            agrees,
            evidence: Some(head),
        }),
    }
}

fn shows_text(sheet: &Sheet) -> bool {
    sheet
        .text
        .as_ref()
        .is_some_and(|text| !text.lines.is_empty())
}

/// What of two pages is the same, and not empty.
fn agreement(front: &Sheet, page: &Sheet) -> Vec<&'static str> {
    let mut agrees = Vec::new();
    let (Some(one), Some(other)) = (&front.document, &page.document) else {
        return agrees;
    };
    let mut note = |same: bool, name: &'static str| {
        if same {
            agrees.push(name);
        }
    };
    note(!one.title.is_empty() && one.title == other.title, "title");
    if let (Some(one), Some(other)) = (&front.text, &page.text) {
        note(!one.lines.is_empty() && one.digest == other.digest, "text");
        let known: BTreeSet<&str> = other.lines.iter().map(String::as_str).collect();
        let shared = one
            .lines
            .iter()
            .filter(|line| known.contains(line.as_str()));
        let twice = shared.count().saturating_mul(2);
        let enough = one.lines.len() >= LINES_MIN && twice >= one.lines.len();
        note(enough && twice >= other.lines.len(), "lines");
    }
    let (one, other) = (fronts::outline(one), fronts::outline(other));
    note(!one.forms.is_empty() && one.forms == other.forms, "forms");
    note(
        !one.scripts.is_empty() && one.scripts == other.scripts,
        "scripts",
    );
    agrees
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(body: &str) -> Sheet {
        let url: Url = "https://vote.example/".parse().expect("a URL");
        let response = HttpResponse {
            version: "HTTP/1.1",
            status: 200,
            headers: vec![("content-type".to_owned(), b"text/html".to_vec())],
            body: body.as_bytes().to_vec(),
            body_gap: None,
            certificate: None,
            leaf: None,
        };
        Sheet::read_with(url, response, true)
    }

    #[test]
    fn a_page_is_told_by_what_it_shows() {
        let front = "<title>Votes</title><p>Polls close at 8 p.m.<p>Register by May<p>Call us<p>News of today";
        let cases: [(&str, &[&str]); 5] = [
            (front, &["title", "text", "lines"]),
            (
                "<title>Votes</title><p>Polls close at 8 p.m.<p>Register by May<p>Call us<p>Other news",
                &["title", "lines"],
            ),
            ("<title>Votes</title><p>Welcome to nginx!", &["title"]),
            ("<title>Mail</title><p>Log in", &[]),
            ("", &[]),
        ];
        for (body, expected) in cases {
            assert_eq!(agreement(&sheet(front), &sheet(body)), expected, "{body}");
        }
    }

    #[test]
    fn ranges_of_spf_are_left_alone() {
        let record =
            b"v=spf1 ip4:192.0.2.7 ip4:198.51.100.0/24 ip6:2001:db8::7 include:x.example -all";
        let found: Vec<String> = single_addresses(record)
            .iter()
            .map(IpAddr::to_string)
            .collect();
        assert_eq!(found, ["192.0.2.7", "2001:db8::7"]);
    }
}
