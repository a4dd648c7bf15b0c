//! What was seen of one site as text: its ways, its pages, and what judging found.

use std::io::{self, Write};

use crate::model::{finding::Findings, observation::Observation, seen::Seen};
use crate::probes::web::facts::{
    Cookie, Csp, Form, Hsts, Page as Visited, PinChangeKind, RedirectChain, Scheme, WebFacts,
};
use crate::report::{
    TableOptions,
    page::{Page, Style, words},
    table,
};

/// Width of the column of labels.
const LABEL: [u16; 1] = [13];
/// Most forms, cookies and third parties of a page, and changes of a pin, that are shown.
const SHOWN: usize = 30;
const UNSEEN: &str = "not observed";

type Row = Vec<(Style, String)>;

/// Writes all of it.
pub(super) fn write(
    observation: &Observation,
    facts: &WebFacts,
    findings: &Findings,
    options: TableOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(options, out);
    let pages = facts.pages.known().map_or(&[][..], Vec::as_slice);
    let cap = observation.conditions.page_cap;
    page.text(
        Style::Strong,
        &format!("What a browser meets on {}", observation.target.key()),
    )?;
    let count = u64::try_from(pages.len()).unwrap_or(u64::MAX);
    let visited = words(count, "page visited", "pages visited");
    page.text(
        Style::Faint,
        &format!("{visited}, at most {cap}; no form was submitted"),
    )?;
    ways(facts, &mut page)?;
    let mut first: Option<(&str, Vec<Row>)> = None;
    for visited in pages {
        page.heading(&title(visited))?;
        let own = policies(visited);
        match &first {
            Some((key, rows)) if *rows == own => {
                page.list(&LABEL, &[row("Policies", format!("as on {key}"))])?;
            }
            _ => page.list(&LABEL, &own)?,
        }
        first.get_or_insert((visited.key.as_str(), own));
        page.list(&LABEL, &content(visited))?;
    }
    pins(facts, &mut page)?;
    page.gap()?;
    table::write(findings, options, out)
}

fn row(label: &str, text: String) -> Row {
    vec![(Style::Faint, label.to_owned()), (Style::Plain, text)]
}

/// Rows with the label on the first alone.
fn rows(label: &str, texts: impl IntoIterator<Item = String>) -> Vec<Row> {
    let mut label = label;
    let mut found = Vec::new();
    for text in texts {
        found.push(row(label, text));
        label = "";
    }
    found
}

/// Ports that answer, and where redirects lead.
fn ways(facts: &WebFacts, page: &mut Page<'_>) -> io::Result<()> {
    let origins = facts.origins.known().into_iter().flatten();
    let origins = origins.map(|origin| {
        let state = match (&origin.answers, origin.certificate_verifies) {
            (Seen::Unseen, _) => UNSEEN,
            (Seen::Known(false), _) => "does not answer",
            (Seen::Known(true), Some(false)) => "answers, its certificate does not verify",
            (Seen::Known(true), _) => "answers",
        };
        format!("{} {state}", origin.key)
    });
    let mut all = rows("Ports", origins.collect::<Vec<_>>());
    let chains = facts.chains.known().into_iter().flatten();
    all.extend(rows(
        "Redirects",
        chains.filter_map(way).collect::<Vec<_>>(),
    ));
    let shield = match &facts.shield {
        Seen::Known(Some(name)) => name.clone(),
        Seen::Known(None) => "none seen".to_owned(),
        Seen::Unseen => UNSEEN.to_owned(),
    };
    all.push(row("In front", shield));
    page.list(&LABEL, &all)
}

/// A way of several steps; `None` for one that leads nowhere else.
fn way(chain: &RedirectChain) -> Option<String> {
    let hops = chain.hops.known()?;
    let steps: Vec<String> = hops
        .iter()
        .map(|hop| format!("{} {}", hop.status, hop.key))
        .collect();
    let end = match chain.outcome.known() {
        None => ", where it goes on was not observed".to_owned(),
        Some(outcome) => match serde_json::to_value(outcome) {
            Ok(serde_json::Value::String(word)) if word != "final" => {
                format!(", {}", word.replace('_', " "))
            }
            _ => String::new(),
        },
    };
    (steps.len() > 1 || !end.is_empty()).then(|| format!("{}{end}", steps.join(", then ")))
}

fn title(page: &Visited) -> String {
    let scheme = match page.scheme {
        Scheme::Https => "",
        Scheme::Http => "  unencrypted",
    };
    format!(
        "{}  {} {}{scheme}",
        page.key, page.status, page.http_version
    )
}

/// What the headers and the document ask browsers to do, all taken together.
fn policies(page: &Visited) -> Vec<Row> {
    let none = || "none".to_owned();
    let framing = match page.framing_limited.known() {
        None => UNSEEN,
        Some(true) => "limited",
        Some(false) => "any site may frame it",
    };
    let csp = match page.csp.known() {
        None => UNSEEN.to_owned(),
        Some(None) if page.csp_report_only.is_empty() => none(),
        Some(None) => "none; one is only reported on".to_owned(),
        Some(Some(csp)) => effect(csp),
    };
    let referrer = match page.referrer_policy.known() {
        None => UNSEEN.to_owned(),
        Some(policy) => policy.clone().unwrap_or_else(none),
    };
    let sniffing = match page.nosniff {
        true => "media types are taken as sent",
        false => "browsers may guess media types",
    };
    let mut found = vec![
        row("HSTS", page.hsts.as_ref().map_or_else(none, hsts)),
        row("CSP", csp),
        row("Framing", framing.to_owned()),
        row("Sniffing", sniffing.to_owned()),
        row("Referrer", referrer),
    ];
    for (label, value) in [
        ("Permissions", &page.permissions_policy),
        ("Opener", &page.opener_policy),
        ("Resource", &page.resource_policy),
    ] {
        found.extend(value.clone().map(|value| row(label, value)));
    }
    if !page.cache_control.is_empty() {
        found.push(row("Caching", page.cache_control.join(", ")));
    }
    found
}

fn hsts(hsts: &Hsts) -> String {
    let days = hsts.max_age / 86_400;
    let mut text = match hsts.valid {
        true => words(days, "day", "days"),
        false => format!("not valid ({})", hsts.problems.join(", ")),
    };
    for (is_set, name) in [
        (hsts.include_subdomains, "subdomains"),
        (hsts.preload, "preload"),
    ] {
        if is_set {
            text.push_str(", ");
            text.push_str(name);
        }
    }
    text
}

/// What all policies come to: what an attacker could still do.
fn effect(csp: &Csp) -> String {
    let effective = &csp.effective;
    let mut open = Vec::new();
    for (is_so, text) in [
        (effective.inline_script_runs, "injected inline script runs"),
        (effective.eval_allowed, "eval works"),
        (effective.any_script_host, "scripts may come from anywhere"),
        (!effective.objects_limited, "plug-ins are not limited"),
        (!effective.base_limited, "base is not limited"),
        (!effective.form_action_limited, "forms may post anywhere"),
    ] {
        if is_so {
            open.push(text.to_owned());
        }
    }
    if !effective.bypass_hosts.is_empty() {
        let hosts = effective.bypass_hosts.join(" ");
        open.push(format!("hosts that serve anybody's script: {hosts}"));
    }
    let count = u64::try_from(csp.policies.len()).unwrap_or(u64::MAX);
    let count = words(count, "policy", "policies");
    match open.is_empty() {
        true => format!("{count}: injected script does not run, forms and base are limited"),
        false => format!("{count}: {}", open.join("; ")),
    }
}

/// Forms, other sites, cookies and what else the document shows.
fn content(page: &Visited) -> Vec<Row> {
    let cookies = page.cookies.iter().map(cookie);
    let mut found = rows("Cookies", bounded(cookies.collect()));
    let open = |label: &str| vec![row(label, UNSEEN.to_owned())];
    found.extend(match page.forms.known() {
        None => open("Forms"),
        Some(forms) => rows("Forms", bounded(forms.iter().map(form).collect())),
    });
    found.extend(match page.third_parties.known() {
        None => open("Third parties"),
        Some(parties) => {
            let parties = parties.iter().map(|party| {
                let category = party.category.as_deref().unwrap_or("not in our table");
                let records = match party.records_sessions {
                    true => ", records what visitors type",
                    false => "",
                };
                format!(
                    "{} ({category}{records}): {}",
                    party.key,
                    party.elements.join(", ")
                )
            });
            rows("Third parties", bounded(parties.collect()))
        }
    });
    let mixed = page.mixed_content.known().into_iter().flatten();
    let mixed = mixed.map(|part| format!("{} {}", part.element, part.key));
    found.extend(rows("Unencrypted", bounded(mixed.collect())));
    if let Some(Some(challenge)) = page.challenge.known() {
        found.push(row("Against bots", challenge.clone()));
    }
    found
}

fn bounded(mut texts: Vec<String>) -> Vec<String> {
    let more = texts.len().saturating_sub(SHOWN);
    texts.truncate(SHOWN);
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    texts
}

fn cookie(cookie: &Cookie) -> String {
    let mut parts = Vec::new();
    for (is_so, yes, no) in [
        (cookie.secure, "Secure", "not Secure"),
        (cookie.http_only, "HttpOnly", "not HttpOnly"),
    ] {
        parts.push(if is_so { yes.to_owned() } else { no.to_owned() });
    }
    parts.push(match &cookie.same_site {
        Some(word) => format!("SameSite {word}"),
        None => "no SameSite".to_owned(),
    });
    parts.extend(
        cookie
            .domain
            .as_ref()
            .map(|domain| format!("for all of {domain}")),
    );
    if cookie.prefix_valid == Some(false) {
        parts.push("breaks the rules of its prefix: browsers drop it".to_owned());
    }
    let kind = if cookie.session { " (session)" } else { "" };
    format!("{}{kind}: {}", cookie.name, parts.join(", "))
}

fn form(form: &Form) -> String {
    let fields: Vec<String> = form
        .fields
        .iter()
        .filter(|field| field.input_type != "hidden" && field.input_type != "submit")
        .take(SHOWN)
        .map(|field| {
            let kind = match serde_json::to_value(field.kind) {
                Ok(serde_json::Value::String(word)) if word != "other" => {
                    format!(" ({})", word.replace('_', " "))
                }
                _ => String::new(),
            };
            format!("{}{kind}", field.name)
        })
        .collect();
    let token = match (form.method.as_str(), form.csrf_token) {
        ("post", true) => ", with a token against forgery",
        ("post", false) => ", no token against forgery seen",
        _ => "",
    };
    format!(
        "{}: {} to {}{token}; asks for {}",
        form.key,
        form.method,
        form.action.url,
        match fields.is_empty() {
            true => "nothing".to_owned(),
            false => fields.join(", "),
        }
    )
}

/// Pages that are pinned, each with what differs.
fn pins(facts: &WebFacts, page: &mut Page<'_>) -> io::Result<()> {
    let pinned = facts.pins.known().map_or(&[][..], Vec::as_slice);
    if pinned.is_empty() {
        return Ok(());
    }
    page.heading("Pinned pages")?;
    for pin in pinned {
        let changes = match pin.changes.known() {
            None => vec![UNSEEN.to_owned()],
            Some(changes) if changes.is_empty() => vec!["as pinned".to_owned()],
            Some(changes) => changes
                .iter()
                .map(|change| {
                    let sign = match change.kind {
                        PinChangeKind::LineNew => '+',
                        PinChangeKind::LineGone => '-',
                        _ => return format!("{}: {}", change.key, change.text),
                    };
                    format!("{sign} {}", change.text)
                })
                .collect(),
        };
        page.list(&LABEL, &rows(&pin.key, changes))?;
    }
    Ok(())
}
