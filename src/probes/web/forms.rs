//! Facts about the forms of a page.

use std::collections::BTreeSet;
use url::Url;

use super::{
    facts::{Field, Form, FormAction},
    kinds::classify,
    site::same_site,
};
use crate::wire::{html, text::clean};

/// Names of hidden fields that hold an anti-forgery token, in lower case, without signs.
const TOKEN_PARTS: [&str; 8] = [
    "csrf",
    "xsrf",
    "requestverificationtoken",
    "authenticitytoken",
    "antiforgery",
    "formtoken",
    "wpnonce",
    "javaxfacesviewstate",
];
const TOKEN_NAMES: [&str; 4] = ["token", "nonce", "strutstoken", "synchronizertoken"];

/// The forms of a document. `page` is its key, `url` where it was found, `base` what relative
/// URLs are relative to.
pub(super) fn forms_of(document: &html::Document, page: &str, url: &Url, base: &Url) -> Vec<Form> {
    let mut keys = BTreeSet::new();
    document
        .forms
        .iter()
        .enumerate()
        .map(|(at, form)| {
            let position = at.saturating_add(1);
            let name = form
                .id
                .iter()
                .chain(&form.name)
                .find(|name| !name.trim().is_empty());
            let key = match name {
                Some(name) => clean(name.trim(), 100),
                None => format!("no. {position}"),
            };
            Form {
                key: unique(&mut keys, key),
                page: page.to_owned(),
                method: form.method.clone(),
                action: action_of(form.action.as_deref(), url, base),
                fields: fields_of(&form.fields),
                csrf_token: form.fields.iter().any(is_token),
            }
        })
        .collect()
}

/// Where a form sends to; one without an action sends to the page itself.
fn action_of(action: Option<&str>, page: &Url, base: &Url) -> FormAction {
    let target = match action {
        None => Ok(page.clone()),
        Some(action) => base.join(action.trim()),
    };
    match target {
        Ok(target) => {
            let host = target.host_str().unwrap_or_default();
            // A script runs in the page itself.
            let stays = target.scheme() == "javascript"
                || same_site(host, page.host_str().unwrap_or_default());
            FormAction {
                url: clean(target.as_str(), 500),
                scheme: target.scheme().to_owned(),
                host: clean(host, 253),
                same_site: stays,
            }
        }
        // A browser does not send such a form anywhere.
        Err(_) => FormAction {
            url: clean(action.unwrap_or_default(), 500),
            scheme: "invalid".to_owned(),
            host: String::new(),
            same_site: true,
        },
    }
}

fn fields_of(fields: &[html::Field]) -> Vec<Field> {
    let mut names = BTreeSet::new();
    let mut choices = BTreeSet::new();
    let mut facts = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let name = match field.name.as_ref().or(field.id.as_ref()) {
            Some(name) => clean(name, 100),
            None => format!("field {}", at.saturating_add(1)),
        };
        // The buttons of one choice are one field.
        let is_choice = matches!(field.input_type.as_str(), "radio" | "checkbox");
        if is_choice && !choices.insert(name.clone()) {
            continue;
        }
        facts.push(Field {
            name: unique(&mut names, name),
            input_type: clean(&field.input_type, 40),
            kind: classify(field),
            autocomplete: field.autocomplete.as_deref().map(|value| clean(value, 100)),
        });
    }
    facts
}

fn is_token(field: &html::Field) -> bool {
    if field.input_type != "hidden" {
        return false;
    }
    let name: String = field
        .name
        .iter()
        .flat_map(|name| name.chars())
        .filter(|letter| letter.is_alphanumeric())
        .take(100)
        .collect::<String>()
        .to_lowercase();
    TOKEN_PARTS.iter().any(|part| name.contains(part)) || TOKEN_NAMES.contains(&name.as_str())
}

/// A key that is not taken yet: the same with a number behind it, if need be.
pub(super) fn unique(taken: &mut BTreeSet<String>, key: String) -> String {
    let mut candidate = key.clone();
    let mut number = 1usize;
    while !taken.insert(candidate.clone()) {
        number = number.saturating_add(1);
        candidate = format!("{key} ({number})");
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::web::facts::FieldKind;

    fn forms(page: &str, html: &str) -> Vec<Form> {
        let url: Url = page.parse().expect("a URL");
        let document = html::parse(html);
        let base = document
            .base
            .as_deref()
            .and_then(|base| url.join(base).ok());
        forms_of(&document, "/p", &url, base.as_ref().unwrap_or(&url))
    }

    #[test]
    fn actions_are_resolved_as_browsers_do() {
        let cases = [
            ("<form>", "https://vote.example/reg?x=1", "https", true),
            (
                "<form action=''>",
                "https://vote.example/reg?x=1",
                "https",
                true,
            ),
            (
                "<form action=/find>",
                "https://vote.example/find",
                "https",
                true,
            ),
            (
                "<form action='http://vote.example/f'>",
                "http://vote.example/f",
                "http",
                true,
            ),
            (
                "<form action='//forms.vote.example/f'>",
                "https://forms.vote.example/f",
                "https",
                true,
            ),
            (
                "<form action='https://vendor.example/f'>",
                "https://vendor.example/f",
                "https",
                false,
            ),
            (
                "<base href=https://vendor.example/><form action=f>",
                "https://vendor.example/f",
                "https",
                false,
            ),
            (
                "<base href=https://vendor.example/><form>",
                "https://vote.example/reg?x=1",
                "https",
                true,
            ),
            (
                "<form action=javascript:send()>",
                "javascript:send()",
                "javascript",
                true,
            ),
            (
                "<form action=mailto:clerk@vote.example>",
                "mailto:clerk@vote.example",
                "mailto",
                false,
            ),
            (
                "<form action='https://[bad/'>",
                "https://[bad/",
                "invalid",
                true,
            ),
        ];
        for (html, url, scheme, stays) in cases {
            let form = forms("https://vote.example/reg?x=1", html).remove(0);
            let seen = (
                form.action.url.as_str(),
                form.action.scheme.as_str(),
                form.action.same_site,
            );
            assert_eq!(seen, (url, scheme, stays), "{html}");
        }
    }

    #[test]
    fn keys_are_unique_and_choices_are_one_field() {
        let all = forms(
            "https://vote.example/",
            "<form id=a><input name=x><input name=x><input type=radio name=r><input type=radio name=r></form>\
             <form id=a></form><form name=b></form><form><input></form>",
        );
        let keys: Vec<&str> = all.iter().map(|form| form.key.as_str()).collect();
        assert_eq!(keys, ["a", "a (2)", "b", "no. 4"]);
        let names: Vec<&str> = all[0]
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(names, ["x", "x (2)", "r"]);
        assert_eq!(all[3].fields[0].name, "field 1");
        assert_eq!(all[3].fields[0].kind, FieldKind::Other);
    }

    #[test]
    fn anti_forgery_tokens_are_known_by_name() {
        let cases = [
            ("csrfmiddlewaretoken", true),
            ("__RequestVerificationToken", true),
            ("_csrf", true),
            ("_token", true),
            ("authenticity_token", true),
            ("form_token", true),
            ("_wpnonce", true),
            ("javax.faces.ViewState", true),
            ("__VIEWSTATE", false),
            ("session", false),
            ("g-recaptcha-token", false),
        ];
        for (name, expected) in cases {
            let html = format!("<form><input type=hidden name='{name}'></form>");
            assert_eq!(
                forms("https://a.example/", &html)[0].csrf_token,
                expected,
                "{name}"
            );
            let shown = format!("<form><input name='{name}'></form>");
            assert!(!forms("https://a.example/", &shown)[0].csrf_token, "{name}");
        }
    }
}
