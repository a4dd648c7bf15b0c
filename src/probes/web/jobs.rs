//! The exchanges of the web probe, and in which order: both ports of every address, then the
//! pages over one of them, then what is asked for besides.

use std::net::IpAddr;
use url::Url;

use super::{
    contact_domains::AskedDomain,
    crawl::Crawl,
    facts::{HttpsRecord, Scheme, SecondLook},
    origin::Direct,
    page::Sheet,
    sibling::{self, SiblingAnswers},
    visit::{Visitor, Way},
    wellknown::{self, Besides},
};
use crate::{
    model::{gap::GapReason, level::Level, target::Target},
    net::{AddressSet, HttpResponse, NetError, Session},
    probes::registry::ProbeContext,
};

/// Most addresses of a name that are looked at.
pub(super) const ADDRESSES_MAX: usize = 16;
/// Everything that was asked, with its answers.
pub(super) struct Answers {
    /// The addresses that were looked at, each with its two ports.
    pub(super) origins: Vec<Attempt>,
    /// Why there may be more addresses.
    pub(super) more_addresses: Vec<NetError>,
    /// The pages, the front page first.
    pub(super) pages: Vec<Visited>,
    /// Pages that could not be visited, and why.
    pub(super) missed: Vec<NetError>,
    /// What was asked for security.txt; `None` below level standard.
    pub(super) security_txt: Option<Result<Option<Sheet>, NetError>>,
    /// Answers that there is no such file, one for each place it may have.
    pub(super) no_security_txt: Vec<(Url, IpAddr, HttpResponse)>,
    /// The body of security.txt, decoded.
    pub(super) security_text: String,
    /// The HTTPS record of the name.
    pub(super) https_record: Result<Option<HttpsRecord>, NetError>,
    /// The name with or without `www.`; `None` below level standard.
    pub(super) sibling: Option<Result<Option<SiblingAnswers>, NetError>>,
    /// Pages that were asked for again, and why others were not; `None` below level standard.
    pub(super) second_looks: Option<(Vec<SecondLook>, Vec<NetError>)>,
    /// What was asked for besides pages; `None` below level standard.
    pub(super) besides: Option<Besides>,
    /// What addresses past the network in front answered; `None` below level standard.
    pub(super) direct: Option<Direct>,
    /// Keys of the pages that pins are about, or why there is none; in the order of the pins.
    pub(super) pinned: Vec<Result<String, NetError>>,
    /// Domains of the addresses that pages show; `None` below level standard.
    pub(super) contact_domains: Option<(Vec<AskedDomain>, Option<NetError>)>,
}

/// One port of one address, asked for the front page.
pub(super) struct Attempt {
    pub(super) scheme: Scheme,
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) start: Url,
    pub(super) way: Result<Way, NetError>,
}

/// A page that was visited.
pub(super) struct Visited {
    /// What the page is called in the facts.
    pub(super) key: String,
    pub(super) ip: IpAddr,
    pub(super) sheet: Sheet,
}

/// The ports that a target is asked on: HTTP, HTTPS.
pub(super) fn ports(target: &Target) -> [(Scheme, u16); 2] {
    [
        (Scheme::Http, 80),
        (Scheme::Https, target.port.unwrap_or(443)),
    ]
}

/// The URL of a path of the target.
pub(super) fn url_of(target: &Target, scheme: Scheme, port: u16, path: &str) -> Option<Url> {
    let host = match target.name.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => target.name.clone(),
    };
    let scheme = match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    // The default port goes when it is parsed.
    let mut url: Url = format!("{scheme}://{host}:{port}/").parse().ok()?;
    if path != "/" {
        url = url.join(path).ok()?;
    }
    Some(url)
}

/// Looks at a target whose addresses are known.
pub(super) async fn ask(context: ProbeContext<'_>, addresses: &AddressSet) -> Answers {
    let mut more_addresses: Vec<NetError> = addresses
        .failures
        .iter()
        .map(|(_, error)| error.clone())
        .collect();
    if addresses.addresses.len() > ADDRESSES_MAX {
        let detail = format!("only the first {ADDRESSES_MAX} addresses are looked at");
        more_addresses.push(NetError::new(GapReason::BudgetSpent, detail));
    }
    // Pages are read over one address, most often the first, and the front page over the first of
    // each family, to compare: bodies of the others are left.
    let first_of = |is_v4: bool| {
        addresses
            .addresses
            .iter()
            .position(|address| address.may_connect.is_ok() && address.ip.is_ipv4() == is_v4)
    };
    let first = [first_of(true), first_of(false)];
    let (reader, glancer) = (
        Visitor::new(context.session, true),
        Visitor::new(context.session, false),
    );
    let attempts = addresses
        .addresses
        .iter()
        .enumerate()
        .take(ADDRESSES_MAX)
        .flat_map(|place| ports(context.target).map(|(scheme, port)| (place, scheme, port)))
        .filter_map(|((number, address), scheme, port)| {
            let start = url_of(context.target, scheme, port, "/")?;
            let visitor = if first.contains(&Some(number)) {
                &reader
            } else {
                &glancer
            };
            Some(async move {
                let way = match &address.may_connect {
                    Ok(()) => visitor.follow(&start, address.ip).await,
                    Err(error) => Err(error.clone()),
                };
                Attempt {
                    scheme,
                    ip: address.ip,
                    port,
                    start,
                    way,
                }
            })
        });
    let origins = futures_util::future::join_all(attempts).await;
    let https_record = wellknown::https_record(context).await;
    let sibling = match context.level >= Level::Standard {
        true => Some(sibling::ask(context, &reader).await),
        false => None,
    };
    let mut answers = Answers {
        origins,
        more_addresses,
        pages: Vec::new(),
        missed: Vec::new(),
        security_txt: None,
        no_security_txt: Vec::new(),
        security_text: String::new(),
        https_record,
        sibling,
        second_looks: None,
        besides: None,
        direct: None,
        pinned: Vec::new(),
        contact_domains: None,
    };
    Crawl::new(context, &mut answers).run().await;
    answers
}

/// The addresses of the target, or why there are none.
pub(super) async fn addresses(session: &Session, name: &str) -> Result<AddressSet, NetError> {
    let set = session.addresses(name).await?;
    if !set.addresses.is_empty() {
        return Ok(set);
    }
    let detail = if set.exists {
        "has no address"
    } else {
        "does not exist"
    };
    let error = NetError::new(GapReason::Unresolved, format!("{name} {detail}"));
    // Half of the answer is missing: the other half may have held the addresses.
    Err(set
        .failures
        .first()
        .map_or(error, |(_, failure)| failure.clone()))
}
