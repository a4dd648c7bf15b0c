//! Which links of a page to follow: those that lead to forms first.

use url::Url;

use crate::wire::html::Document;

/// Words in the address or text of a link that leads to a form, in the main languages of the
/// allies, without marks, each with how much it says.
const SIGNS: &[(u32, &[&str])] = &[
    (
        30,
        &[
            "regist",
            "voter",
            "lookup",
            "look up",
            "look-up",
            "signup",
            "sign up",
            "apply",
            "application",
            "ballot",
            "absentee",
            "my vote",
            "myvote",
            "wahler",
            "waehler",
            "antrag",
            "briefwahl",
            "wahlschein",
            "inscri",
            "electeur",
            "procuration",
            "kiezer",
            "stempas",
            "volmacht",
            "censo",
            "elector",
            "solicitud",
            "wyborc",
            "rejestr",
            "wniosek",
            "valgkort",
            "rostkort",
            "aanmeld",
            "anmeld",
        ],
    ),
    (
        20,
        &[
            "login",
            "log in",
            "log-in",
            "signin",
            "sign in",
            "sign-in",
            "status",
            "check",
            "account",
            "portal",
            "anmelden",
            "connexion",
            "inloggen",
            "iniciar",
            "acceder",
            "zaloguj",
            "logga",
            "logg inn",
            "kirjaudu",
            "form",
            "vote",
        ],
    ),
    (
        10,
        &[
            "contact", "kontakt", "contacto", "poll", "find", "search", "request", "report",
            "wahl", "vote", "stem", "stimm", "wybory", "valg", "val ", "vaali", "address",
            "update",
        ],
    ),
];

/// Words of links that change something, or end a visit: never followed.
const NEVER: &[&str] = &[
    "logout",
    "log out",
    "log-out",
    "signout",
    "sign out",
    "sign-out",
    "abmelden",
    "deconnexion",
    "uitloggen",
    "cerrar sesion",
    "wyloguj",
    "unsubscribe",
    "delete",
    "remove",
    "add-to-cart",
    "action=edit",
    "calendar",
    "print=",
];

/// Endings of files that are no pages.
const FILES: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "csv", "zip", "gz", "rar",
    "7z", "jpg", "jpeg", "png", "gif", "svg", "webp", "ico", "mp3", "mp4", "mov", "avi", "webm",
    "ics", "xml", "rss", "atom", "json", "txt", "css", "js", "woff", "woff2", "exe", "apk", "kml",
    "shp",
];

/// A link worth following.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) url: Url,
    pub(super) score: u32,
}

/// The links of a page that stay on its own host and port, with how likely each leads to a form.
pub(super) fn candidates(document: &Document, page: &Url, base: &Url) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let refresh = document
        .refresh
        .as_deref()
        .and_then(crate::wire::html::parse_refresh)
        .and_then(|(_, url)| url)
        .map(|url| (url, "", 100));
    let links = document
        .links
        .iter()
        .map(|link| (link.href.as_str(), link.text.as_str(), 0));
    for (href, text, start) in refresh.into_iter().chain(links) {
        let Some(url) = inside(href, page, base) else {
            continue;
        };
        let words = format!("{}?{} {text}", url.path(), url.query().unwrap_or_default());
        let words = words.to_lowercase();
        if NEVER.iter().any(|word| words.contains(word)) {
            continue;
        }
        let score = start + score(&words);
        if let Some(known) = found.iter_mut().find(|known| known.url == url) {
            known.score = known.score.max(score);
        } else if found.len() < 500 {
            found.push(Candidate { url, score });
        }
    }
    found
}

fn score(words: &str) -> u32 {
    SIGNS
        .iter()
        .filter(|(_, signs)| signs.iter().any(|sign| words.contains(sign)))
        .map(|(weight, _)| weight)
        .sum()
}

/// The URL of a link, if it leads to a page of the same origin.
fn inside(href: &str, page: &Url, base: &Url) -> Option<Url> {
    let mut url = base.join(href.trim()).ok()?;
    url.set_fragment(None);
    let same_origin = url.origin() == page.origin() && matches!(url.scheme(), "http" | "https");
    let ending = url
        .path()
        .rsplit('/')
        .next()
        .and_then(|file| file.rsplit_once('.'))
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let is_file = ending.is_some_and(|ending| FILES.contains(&ending.as_str()));
    let short = url.as_str().len() <= 500;
    (same_origin && !is_file && short && url.username().is_empty()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::html;

    #[test]
    fn links_to_forms_come_first_and_some_never() {
        let page: Url = "https://vote.example/start".parse().expect("a URL");
        let document = html::parse(
            "<a href=/about>About us</a><a href='/s3?x=1#top'>Check your voter registration status</a>\
             <a href=/login>Log in</a><a href=/logout>Log out</a><a href=/form.pdf>Form</a>\
             <a href=https://other.example/register>Register</a><a href=http://vote.example/x>X</a>\
             <a href=mailto:a@b.example>Mail</a><a href=javascript:void(0)>Register</a><a href='/about#team'>Team</a>\
             <meta http-equiv=refresh content='0; url=/home'>",
        );
        let mut found: Vec<(String, u32)> = candidates(&document, &page, &page)
            .into_iter()
            .map(|candidate| (candidate.url.path().to_owned(), candidate.score))
            .collect();
        found.sort_by_key(|(_, score)| std::cmp::Reverse(*score));
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["/home", "/s3", "/login", "/about"], "{found:?}");
    }
}
