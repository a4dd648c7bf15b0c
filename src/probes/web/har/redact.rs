//! Takes out of addresses and documents what may be a secret.

use url::Url;

use crate::wire::html::Document;

/// A URL without what may be a secret: its query, its fragment, its user, and sessions in its path.
pub(super) fn redacted(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Only URLs without a host refuse this, and those have no user.
    let _ = (url.set_username(""), url.set_password(None));
    let path: Vec<&str> = url
        .path()
        .split('/')
        .map(|part| part.split(';').next().unwrap_or_default())
        .filter(|part| !part.starts_with("(S("))
        .collect();
    let path = path.join("/");
    url.set_path(&path);
    url
}

/// A reference without query and fragment.
pub(super) fn cut_query(text: &str) -> String {
    text.split(['?', '#']).next().unwrap_or_default().to_owned()
}

pub(super) fn without_value(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let (pair, rest) = match text.split_once(';') {
        Some((pair, rest)) => (pair, format!(";{rest}")),
        None => (text.as_ref(), String::new()),
    };
    let name = pair.split_once('=').map_or("", |(name, _)| name);
    format!("{name}=x{rest}").into_bytes()
}

/// Takes queries and sessions out of all that a document refers to.
pub(super) fn redact(document: &mut Document) {
    let cut = |text: &mut String| {
        let cut = cut_query(text);
        *text = cut.split(";").next().unwrap_or_default().to_owned();
    };
    document
        .scripts
        .iter_mut()
        .for_each(|script| cut(&mut script.src));
    document
        .resources
        .iter_mut()
        .for_each(|part| cut(&mut part.url));
    document
        .links
        .iter_mut()
        .for_each(|link| cut(&mut link.href));
    document
        .forms
        .iter_mut()
        .filter_map(|form| form.action.as_mut())
        .for_each(cut);
    if let Some(base) = &mut document.base {
        cut(base);
    }
}
