//! Evidence of answers and documents, with the command that shows the same.

use std::net::IpAddr;
use url::Url;

use super::facts::Page;
use crate::{
    model::observation::{Evidence, EvidenceKind},
    net::{HttpResponse, shell_word},
    wire::text::{clean, clean_lines},
};

/// Most elements of one list of a page in its evidence.
pub(super) const ELEMENTS: usize = 20;
/// Most characters of one of them.
const ELEMENT_CHARS: usize = 300;
/// Longest evidence of one answer's head, and of one body (characters).
const HEAD_EVIDENCE: usize = 4_000;
const BODY_EVIDENCE: usize = 4_096;

/// Status and headers of an answer.
pub(super) fn head_evidence(
    at: String,
    url: &Url,
    ip: IpAddr,
    response: &HttpResponse,
) -> Evidence {
    let (data, cut) = response.head_text(HEAD_EVIDENCE);
    Evidence {
        at,
        kind: EvidenceKind::HttpHeaders,
        data,
        cut,
        reproduce: format!(
            "curl -sS -o /dev/null -D - {}",
            curl_target(url, ip, response)
        ),
    }
}

/// The options and the URL by which curl asks the very address that answered.
pub(super) fn curl_target(url: &Url, ip: IpAddr, response: &HttpResponse) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let place = match ip {
        IpAddr::V4(ip) => format!("{host}:{port}:{ip}"),
        IpAddr::V6(ip) => format!("{host}:{port}:[{ip}]"),
    };
    // With a certificate that does not verify, curl shows nothing unless told to look anyway.
    let anyway = if matches!(response.certificate, Some(Err(_))) {
        "-k "
    } else {
        ""
    };
    format!(
        "{anyway}--resolve {} {}",
        shell_word(&place),
        shell_word(url.as_str())
    )
}

/// The lists of a page that come from its document: the name of the list, the elements to look
/// for, and a line for each item. Empty lists are left out.
pub(super) fn elements_of(page: &Page) -> Vec<(&'static str, &'static str, Vec<String>)> {
    let forms = page.forms.known().into_iter().flatten().map(|form| {
        let fields: Vec<&str> = form
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        let fields = fields.join(" ");
        format!(
            "form {}: {} {}: {fields}",
            form.key, form.method, form.action.url
        )
    });
    let scripts = page.scripts.known().into_iter().flatten().map(|script| {
        let integrity = if script.integrity { "with" } else { "without" };
        format!("script {} {integrity} integrity", script.key)
    });
    let parties = page.third_parties.known().into_iter().flatten();
    let parties =
        parties.map(|party| format!("{} {}", party.elements.join(" "), party.hosts.join(" ")));
    let mixed = page.mixed_content.known().into_iter().flatten();
    let mixed = mixed.map(|part| format!("{} {}", part.element, part.key));
    [
        (
            "forms",
            "form|input|select|textarea",
            forms.collect::<Vec<_>>(),
        ),
        ("scripts", "script", scripts.collect()),
        (
            "third_parties",
            "script|link|iframe|img|audio|video|source|object|embed",
            parties.collect(),
        ),
        (
            "mixed_content",
            "script|link|iframe|img|audio|video|source|object|embed",
            mixed.collect(),
        ),
    ]
    .into_iter()
    .filter(|(_, _, lines)| !lines.is_empty())
    .map(|(list, elements, lines)| {
        (
            list,
            elements,
            lines
                .iter()
                .map(|line| clean(line, ELEMENT_CHARS))
                .collect(),
        )
    })
    .collect()
}

/// The beginning of a body, and whether something was cut.
pub(super) fn cut_lines(text: &str) -> (String, bool) {
    let cut = text.chars().count() > BODY_EVIDENCE;
    (clean_lines(text, BODY_EVIDENCE), cut)
}
