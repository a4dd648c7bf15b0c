//! The office that nobody has looked after: everything is served without
//! encryption too, and the look-up form sends a birth date and a part of the
//! social security number in the clear, within the address.

use super::super::web::{Answer, Asked};

const BANNER: [(&str, &str); 2] = [
    ("server", "Apache/2.2.15 (CentOS)"),
    ("x-powered-by", "PHP/5.3.3"),
];

/// `neglected.example` and `www`
pub(super) fn website(asked: &Asked<'_>) -> Answer {
    match asked.path {
        "/" | "/index.html" => Answer::html(include_str!("../pages/neglected-home.html"))
            .with(&[("set-cookie", "PHPSESSID=1f0c6e2a77; path=/")]),
        _ => missing(asked.path),
    }
    .with(&BANNER)
}

/// `register.neglected.example`
pub(super) fn portal(asked: &Asked<'_>) -> Answer {
    match asked.path {
        "/" => Answer::html(include_str!("../pages/neglected-portal.html"))
            .with(&[("set-cookie", "PHPSESSID=9b27d31c54; path=/")]),
        "/lookup.php" => Answer::html(include_str!("../pages/neglected-lookup.html"))
            .with(&[("set-cookie", "PHPSESSID=9b27d31c54; path=/")]),
        _ => missing(asked.path),
    }
    .with(&BANNER)
}

fn missing(path: &str) -> Answer {
    let path = path.replace('&', "&amp;").replace('<', "&lt;");
    Answer::not_found(&format!(
        "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
         <title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n\
         <p>The requested URL {path} was not found on this server.</p>\n<hr>\n\
         <address>Apache/2.2.15 (CentOS) Server Port 80</address>\n</body></html>\n"
    ))
}
