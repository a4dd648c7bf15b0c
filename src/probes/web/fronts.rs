//! Compares what the addresses of a site answer. Pure.

use std::net::IpAddr;

use super::{
    facts::{Front, Scheme},
    headers::hsts_of,
    jobs::Attempt,
    page::Sheet,
    visit::Step,
};
use crate::{
    net::HttpResponse,
    wire::{html::Document, text::clean},
};

/// Headers that must not depend on the address, with what a difference is called.
const HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", "csp"),
    ("x-frame-options", "framing"),
    ("x-content-type-options", "sniffing"),
    ("content-type", "media_type"),
    ("cross-origin-opener-policy", "isolation"),
];

/// What each address answers, compared with the first that does.
pub(super) fn fronts(attempts: &[Attempt]) -> Vec<Front> {
    let steps: Vec<(IpAddr, &Step)> = addresses(attempts)
        .into_iter()
        .filter_map(|ip| Some((ip, front_of(attempts, ip)?)))
        .collect();
    let first = steps.first().filter(|_| steps.len() > 1);
    let first = first.map(|(_, step)| (*step, outline_of(step)));
    let mut fronts = Vec::new();
    for (number, (ip, step)) in steps.into_iter().enumerate() {
        let differs = match &first {
            Some((first, document)) if number > 0 => {
                differences(first, document, step, &outline_of(step))
            }
            _ => Vec::new(),
        };
        fronts.push(Front {
            key: ip.to_string(),
            family: if ip.is_ipv4() { "ipv4" } else { "ipv6" }.to_owned(),
            url: clean(step.url.as_str(), 500),
            status: step.response.status,
            differs: differs.into_iter().map(str::to_owned).collect(),
        });
    }
    fronts
}

/// What a document is compared by: its title, where its forms send to, what scripts it loads.
pub(super) struct Outline {
    title: String,
    pub(super) forms: Vec<String>,
    pub(super) scripts: Vec<String>,
}

/// The outline of a document.
pub(super) fn outline(document: &Document) -> Outline {
    let mut forms: Vec<String> = document
        .forms
        .iter()
        .map(|form| {
            format!(
                "{} {}",
                form.method,
                form.action.as_deref().unwrap_or_default()
            )
        })
        .collect();
    forms.sort();
    // What follows the question mark is often a number against caches.
    let mut scripts: Vec<String> = document
        .scripts
        .iter()
        .map(|script| script.src.split('?').next().unwrap_or_default().to_owned())
        .collect();
    scripts.sort();
    Outline {
        title: document.title.clone(),
        forms,
        scripts,
    }
}

/// The outline of an answer's document; nothing where the body was not read to its end.
fn outline_of(step: &Step) -> Option<Outline> {
    if step.response.body_gap.is_some() {
        return None;
    }
    let sheet = Sheet::read(step.url.clone(), HttpResponse::clone(&step.response));
    sheet.document.as_ref().map(outline)
}

fn differences(
    first: &Step,
    first_document: &Option<Outline>,
    other: &Step,
    other_document: &Option<Outline>,
) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut note = |differs: bool, name: &'static str| {
        if differs {
            found.push(name);
        }
    };
    note(first.url != other.url, "url");
    note(first.response.status != other.response.status, "status");
    let hsts = |step: &Step| {
        hsts_of(&step.response, step.url.scheme() == "https")
            .map(|hsts| (hsts.valid, hsts.max_age, hsts.include_subdomains))
    };
    note(hsts(first) != hsts(other), "hsts");
    for (header, name) in HEADERS {
        note(
            without_nonces(&first.response, header) != without_nonces(&other.response, header),
            name,
        );
    }
    if let (Some(first), Some(other)) = (first_document, other_document) {
        note(first.title != other.title, "title");
        note(first.forms != other.forms, "forms");
        note(first.scripts != other.scripts, "scripts");
    }
    found
}

/// The lines of a header, without the parts that are new with each answer.
fn without_nonces(response: &HttpResponse, header: &str) -> Vec<String> {
    response
        .all(header)
        .iter()
        .map(|line| {
            let text = String::from_utf8_lossy(line);
            let words = text.split_ascii_whitespace().filter(|word| {
                !word.to_ascii_lowercase().starts_with("'nonce-") && !word.starts_with("report-")
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// The last answer of an address: over HTTPS, else over HTTP.
fn front_of(attempts: &[Attempt], ip: IpAddr) -> Option<&Step> {
    let over = |scheme: Scheme| {
        attempts
            .iter()
            .filter(move |attempt| attempt.ip == ip && attempt.scheme == scheme)
            .find_map(|attempt| attempt.way.as_ref().ok()?.final_step())
    };
    over(Scheme::Https).or_else(|| over(Scheme::Http))
}

fn addresses(attempts: &[Attempt]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for attempt in attempts {
        if !addresses.contains(&attempt.ip) {
            addresses.push(attempt.ip);
        }
    }
    addresses
}

/// How many networks addresses lie in: /24 of IPv4, /48 of IPv6.
pub(super) fn networks(attempts: &[Attempt]) -> u32 {
    let mut networks: Vec<Vec<u8>> = addresses(attempts)
        .into_iter()
        .map(|ip| match ip {
            IpAddr::V4(ip) => ip.octets().get(..3).unwrap_or_default().to_vec(),
            IpAddr::V6(ip) => ip.octets().get(..6).unwrap_or_default().to_vec(),
        })
        .collect();
    networks.sort();
    networks.dedup();
    u32::try_from(networks.len()).unwrap_or(u32::MAX)
}

/// Headers by which networks in front of a site are known: the header, a part of its value, the network.
const SHIELDS: [(&str, &str, &str); 16] = [
    ("cf-ray", "", "Cloudflare"),
    ("x-amz-cf-id", "", "CloudFront"),
    ("x-akamai-transformed", "", "Akamai"),
    ("akamai-grn", "", "Akamai"),
    ("server", "akamai", "Akamai"),
    ("x-fastly-request-id", "", "Fastly"),
    ("x-served-by", "cache-", "Fastly"),
    ("x-azure-ref", "", "Azure Front Door"),
    ("x-sucuri-id", "", "Sucuri"),
    ("x-iinfo", "", "Imperva"),
    ("x-cdn", "imperva", "Imperva"),
    ("x-cdn", "incapsula", "Imperva"),
    ("server", "bunnycdn", "Bunny"),
    ("x-nf-request-id", "", "Netlify"),
    ("x-vercel-id", "", "Vercel"),
    ("x-github-request-id", "", "GitHub Pages"),
];

/// The network in front of a site, by the headers of its answers.
pub(super) fn shield(attempts: &[Attempt]) -> Option<&'static str> {
    shield_of(
        attempts
            .iter()
            .filter_map(|attempt| attempt.way.as_ref().ok())
            .flat_map(|way| &way.steps),
    )
}

/// The network that answered, by the headers of these answers.
pub(super) fn shield_of<'a>(steps: impl Iterator<Item = &'a Step>) -> Option<&'static str> {
    let steps: Vec<&Step> = steps.collect();
    SHIELDS
        .iter()
        .find(|(header, part, _)| {
            steps.iter().any(|step| {
                step.response
                    .all(header)
                    .iter()
                    .any(|value| String::from_utf8_lossy(value).to_lowercase().contains(part))
            })
        })
        .map(|(_, _, name)| *name)
}
