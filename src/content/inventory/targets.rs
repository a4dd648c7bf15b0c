//! The targets of an inventory.

use super::file::{ROBOTS, ROLES, TARGET_KEYS};
use super::*;
use std::net::IpAddr;

/// Most paths of a target.
const MOST_PATHS: usize = 100;
/// Most addresses of the server behind a network in front.
const MOST_ORIGINS: usize = 8;
/// Most DKIM selectors of a target.
const MOST_SELECTORS: usize = 30;

pub(super) fn targets(reader: &mut Reader, fields: &Fields<'_>) -> Vec<Target> {
    let Some(node) = fields.get("targets") else {
        return Vec::new();
    };
    let items = match &node.kind {
        Kind::Null => &[],
        _ => match reader.list(node, "targets") {
            Some(items) => items,
            None => return Vec::new(),
        },
    };
    let key = fields
        .key("targets")
        .map_or_else(|| node.span.clone(), |key| key.span.clone());
    if items.is_empty() {
        reader.error_help(
            &key,
            "the inventory names no target",
            Some("add at least one, such as `- vote.example.gov`".to_owned()),
        );
    }
    if items.len() > MOST_TARGETS {
        reader.error(&key, format!("more than {MOST_TARGETS} targets"));
        return Vec::new();
    }
    let mut targets = Vec::with_capacity(items.len());
    let mut seen: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for item in items {
        let Some((target, span)) = target(reader, item) else {
            continue;
        };
        if let Some(first) = seen.get(&target.key()) {
            let diagnostic = Diagnostic::error(
                reader.place(&span),
                format!(
                    "the target `{}` stands twice in the inventory",
                    target.key()
                ),
            )
            .also(reader.place(first), "it stands here first");
            reader.problems.push(diagnostic);
            continue;
        }
        seen.insert(target.key(), span);
        targets.push(target);
    }
    targets
}

fn target(reader: &mut Reader, node: &Node) -> Option<(Target, Range<usize>)> {
    if let Kind::Text(text) = &node.kind {
        let target = fit(reader, &node.span, parse_target(text))?;
        return Some((located(reader, target, &node.span), node.span.clone()));
    }
    let fields = reader.fields(node, "a target", &TARGET_KEYS, &["name"])?;
    let name = reader.text_at(&fields, "name");
    let roles = fields.get("roles").map(|node| roles(reader, node));
    let paths = fields.get("paths").map(|node| paths(reader, node));
    let robots = fields
        .get("robots")
        .and_then(|node| reader.word(node, "robots", &ROBOTS));
    let origin = fields.get("origin").map(|node| origin(reader, node));
    let selectors = fields
        .get("dkim_selectors")
        .map(|node| dkim_selectors(reader, node));
    let pins = fields.get("pins").map(|node| pins(reader, node));
    let name = name?;
    let mut target = fit(reader, &name.span, parse_target(&name.value))?;
    if let Some(roles) = roles {
        target.roles = roles;
    }
    for path in paths.unwrap_or_default() {
        if !target.paths.contains(&path) {
            target.paths.push(path);
        }
    }
    if !target.paths.is_empty() && !target.roles.is_empty() && !target.has_website() {
        let span = fields
            .key("paths")
            .map_or_else(|| name.span.clone(), |key| key.span.clone());
        reader.error_help(
            &span,
            "paths are visited on a website, and the target has no role that is one",
            Some("add the role `website`, or leave the paths out".to_owned()),
        );
    }
    target.origin = origin.unwrap_or_default();
    if !target.origin.is_empty() && !target.roles.is_empty() && !target.has_website() {
        let span = fields
            .key("origin")
            .map_or_else(|| name.span.clone(), |key| key.span.clone());
        reader.error_help(
            &span,
            "an origin is that of a website, and the target has no role that is one",
            Some("add the role `website`, or leave the origin out".to_owned()),
        );
    }
    target.dkim_selectors = selectors.unwrap_or_default();
    if !target.dkim_selectors.is_empty()
        && !target.roles.is_empty()
        && !target.roles.contains(&Role::MailDomain)
    {
        let span = fields
            .key("dkim_selectors")
            .map_or_else(|| name.span.clone(), |key| key.span.clone());
        reader.error_help(
            &span,
            "selectors are looked up for a mail domain, and the target has not that role",
            Some("add the role `mail-domain`, or leave the selectors out".to_owned()),
        );
    }
    target.ignore_robots = robots.unwrap_or_default();
    target.pins = pins.unwrap_or_default();
    Some((located(reader, target, &name.span), name.span))
}

fn located(reader: &Reader, mut target: Target, span: &Range<usize>) -> Target {
    let (line, _) = reader.source.position(span.start);
    target.source = Some(SourceLine {
        file: reader.source.name.clone(),
        line: line as u64,
    });
    target
}

/// A list of roles that is not empty.
fn roles(reader: &mut Reader, node: &Node) -> BTreeSet<Role> {
    let items = reader.list(node, "roles").unwrap_or_default();
    if items.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error_help(
            &node.span,
            "the list of roles is empty",
            Some("leave `roles` out for a website and mail domain".to_owned()),
        );
    }
    items
        .iter()
        .filter_map(|item| reader.word(item, "roles", &ROLES))
        .collect()
}

fn paths(reader: &mut Reader, node: &Node) -> Vec<String> {
    let texts = reader.texts(node, "paths");
    if texts.len() > MOST_PATHS {
        reader.error(
            &node.span,
            format!("more than {MOST_PATHS} paths of one target"),
        );
    }
    texts
        .into_iter()
        .filter_map(|text| fit(reader, &text.span, check_path(&text.value)))
        .collect()
}

/// Addresses of the server behind a network in front, each once.
fn origin(reader: &mut Reader, node: &Node) -> Vec<String> {
    let texts = reader.texts(node, "origin");
    if texts.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error_help(
            &node.span,
            "the list of addresses is empty",
            Some("leave `origin` out where there is none".to_owned()),
        );
    }
    if texts.len() > MOST_ORIGINS {
        reader.error(
            &node.span,
            format!("more than {MOST_ORIGINS} addresses in `origin`"),
        );
    }
    let mut addresses: Vec<String> = Vec::new();
    for text in texts {
        let Ok(ip) = text.value.parse::<IpAddr>() else {
            reader.error_help(
                &text.span,
                format!("`{}` is no address", text.value),
                Some("write an IPv4 or IPv6 address, as 203.0.113.7".to_owned()),
            );
            continue;
        };
        let address = ip.to_string();
        if addresses.contains(&address) {
            reader.error(&text.span, format!("the address `{address}` stands twice"));
        } else {
            addresses.push(address);
        }
    }
    addresses
}

/// A list of DKIM selectors that is not empty, each once.
fn dkim_selectors(reader: &mut Reader, node: &Node) -> Vec<String> {
    let texts = reader.texts(node, "dkim_selectors");
    if texts.is_empty() && matches!(node.kind, Kind::List(_)) {
        reader.error_help(
            &node.span,
            "the list of selectors is empty",
            Some("leave `dkim_selectors` out where they are not known".to_owned()),
        );
    }
    if texts.len() > MOST_SELECTORS {
        reader.error(
            &node.span,
            format!("more than {MOST_SELECTORS} selectors of one target"),
        );
    }
    let mut selectors = Vec::new();
    for text in texts {
        let Some(selector) = fit(reader, &text.span, dkim_selector(&text.value)) else {
            continue;
        };
        if selectors.contains(&selector) {
            reader.error(
                &text.span,
                format!("the selector `{selector}` stands twice"),
            );
        } else {
            selectors.push(selector);
        }
    }
    selectors
}
