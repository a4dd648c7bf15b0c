//! Set-Cookie as a browser reads it (RFC 6265bis sections 4.1.3 and 5.6).
//!
//! Values are measured and dropped: none is kept.

/// Longest name and value together, and longest attribute value, that browsers take (bytes).
const MAX_PAIR: usize = 4096;
const MAX_ATTRIBUTE: usize = 1024;

/// A cookie that a browser would take from a Set-Cookie header, without its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetCookie {
    /// Name; empty for a header like `Set-Cookie: value`.
    pub name: String,
    /// `Secure` is set.
    pub secure: bool,
    /// `HttpOnly` is set.
    pub http_only: bool,
    /// `SameSite` when it is one of the three known words.
    pub same_site: Option<SameSite>,
    /// Whether every `SameSite` is one of the known words; `None` without one.
    pub same_site_valid: Option<bool>,
    /// `Domain` without leading dot, lower case; `None` makes the cookie host-only.
    pub domain: Option<String>,
    /// `Path` when it begins with `/`.
    pub path: Option<String>,
    /// Whether it outlives the browser session (`Max-Age` or `Expires`).
    pub persistent: bool,
}

/// When a cookie goes along with requests from other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With top-level navigation only.
    Lax,
    /// Always.
    None,
}

impl SameSite {
    /// The word in lower case.
    pub fn key(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lax => "lax",
            Self::None => "none",
        }
    }
}

impl SetCookie {
    /// Whether a name with prefix `__Host-` or `__Secure-` keeps the rules of
    /// its prefix, when set over HTTPS or not; `None` without prefix. A browser
    /// throws a cookie away that breaks them.
    pub fn prefix_valid(&self, over_https: bool) -> Option<bool> {
        let name = self.name.to_ascii_lowercase();
        let secure = self.secure && over_https;
        if name.starts_with("__host-") {
            Some(secure && self.domain.is_none() && self.path.as_deref() == Some("/"))
        } else if name.starts_with("__secure-") {
            Some(secure)
        } else {
            None
        }
    }

    /// Whether the name looks like that of a session or a login.
    pub fn looks_like_session(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        let name = name
            .strip_prefix("__host-")
            .or_else(|| name.strip_prefix("__secure-"))
            .unwrap_or(&name);
        // Anti-forgery tokens are meant to be read by scripts; they open no session.
        if ["csrf", "xsrf", "antiforgery", "requestverification"]
            .iter()
            .any(|part| name.contains(part))
        {
            return false;
        }
        const WHOLE: [&str; 12] = [
            "sid",
            "connect.sid",
            "cfid",
            "cftoken",
            "jwt",
            "id_token",
            "remember_me",
            "ticket",
            "fedauth",
            "rtfa",
            "login",
            "s_id",
        ];
        let about_sessions = name.contains("sess")
            && !["assess", "possess", "obsess"]
                .iter()
                .any(|w| name.contains(w));
        let about_login =
            name.contains("auth") && (!name.contains("author") || name.contains("authori"));
        WHOLE.contains(&name)
            || about_sessions
            || about_login
            || name.contains("token")
            || name.ends_with("_sid")
            || name.ends_with("-sid")
            || name.starts_with("wordpress_logged_in")
    }
}

/// Reads one Set-Cookie header; `None` when a browser would ignore it.
pub fn parse(header: &[u8]) -> Option<SetCookie> {
    if header
        .iter()
        .any(|&byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f)
    {
        return None;
    }
    let text = String::from_utf8_lossy(header);
    let mut parts = text.split(';');
    let pair = parts.next()?;
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    let (name, value) = (
        name.trim_matches([' ', '\t']),
        value.trim_matches([' ', '\t']),
    );
    if (name.is_empty() && value.is_empty()) || name.len() + value.len() > MAX_PAIR {
        return None;
    }
    // A nameless cookie is sent as its bare value, which must not pass for a prefixed name.
    let disguised = value.to_ascii_lowercase();
    if name.is_empty() && (disguised.starts_with("__host-") || disguised.starts_with("__secure-")) {
        return None;
    }
    let mut cookie = SetCookie {
        name: name.to_owned(),
        ..SetCookie::default()
    };
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim_matches([' ', '\t']);
        if value.len() <= MAX_ATTRIBUTE {
            attribute(&mut cookie, name.trim_matches([' ', '\t']), value);
        }
    }
    Some(cookie)
}

/// Later attributes of a name replace earlier ones (section 5.6.3 and 5.7).
fn attribute(cookie: &mut SetCookie, name: &str, value: &str) {
    match name.to_ascii_lowercase().as_str() {
        "secure" => cookie.secure = true,
        "httponly" => cookie.http_only = true,
        "samesite" => {
            cookie.same_site = match value.to_ascii_lowercase().as_str() {
                "strict" => Some(SameSite::Strict),
                "lax" => Some(SameSite::Lax),
                "none" => Some(SameSite::None),
                _ => None,
            };
            let valid = cookie.same_site.is_some() && cookie.same_site_valid != Some(false);
            cookie.same_site_valid = Some(valid);
        }
        "domain" => {
            let domain = value
                .strip_prefix('.')
                .unwrap_or(value)
                .to_ascii_lowercase();
            cookie.domain = (!domain.is_empty()).then_some(domain);
        }
        "path" => cookie.path = value.starts_with('/').then(|| value.to_owned()),
        "max-age" => {
            let digits = value.strip_prefix('-').unwrap_or(value);
            cookie.persistent |=
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        }
        "expires" => cookie.persistent |= !value.is_empty(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(header: &str) -> SetCookie {
        parse(header.as_bytes()).expect("a browser takes this cookie")
    }

    #[test]
    fn attributes_are_read_as_browsers_do() {
        let plain = SetCookie {
            name: "a".to_owned(),
            ..SetCookie::default()
        };
        let cases: &[(&str, SetCookie)] = &[
            ("a=b", plain.clone()),
            (" a = b=c ", plain.clone()),
            (
                "=b",
                SetCookie {
                    name: String::new(),
                    ..plain.clone()
                },
            ),
            (
                "b",
                SetCookie {
                    name: String::new(),
                    ..plain.clone()
                },
            ),
            (
                "a=b; SECURE ; httponly=x; SameSite=LAX",
                SetCookie {
                    secure: true,
                    http_only: true,
                    same_site: Some(SameSite::Lax),
                    same_site_valid: Some(true),
                    ..plain.clone()
                },
            ),
            (
                "a=b; SameSite=Strict; SameSite=weird",
                SetCookie {
                    same_site_valid: Some(false),
                    ..plain.clone()
                },
            ),
            (
                "a=b; SameSite",
                SetCookie {
                    same_site_valid: Some(false),
                    ..plain.clone()
                },
            ),
            (
                "a=b; SameSite=None; SameSite=strict",
                SetCookie {
                    same_site: Some(SameSite::Strict),
                    same_site_valid: Some(true),
                    ..plain.clone()
                },
            ),
            (
                "a=b; Domain=.Example.ORG; Path=/x",
                SetCookie {
                    domain: Some("example.org".to_owned()),
                    path: Some("/x".to_owned()),
                    ..plain.clone()
                },
            ),
            ("a=b; Domain=; Path=x", plain.clone()),
            (
                "a=b; Max-Age=60",
                SetCookie {
                    persistent: true,
                    ..plain.clone()
                },
            ),
            ("a=b; Max-Age=soon", plain.clone()),
            (
                "a=b; Expires=Wed, 21 Oct 2065 07:28:00 GMT",
                SetCookie {
                    persistent: true,
                    ..plain.clone()
                },
            ),
            // The quoted semicolon is no quoting to a browser.
            ("a=\"b; Secure\"", plain.clone()),
        ];
        for (header, expected) in cases {
            assert_eq!(&read(header), expected, "{header}");
        }
    }

    #[test]
    fn what_browsers_ignore_is_ignored() {
        let long = format!("a={}", "x".repeat(4096));
        for header in [
            "",
            "=",
            " = ; Secure",
            "a=\x01",
            "__Host-a",
            "=__Secure-a",
            &long,
        ] {
            assert_eq!(parse(header.as_bytes()), None, "{header:?}");
        }
    }

    #[test]
    fn prefixes_have_rules() {
        let cases = [
            ("__Host-a=b; Secure; Path=/", true, Some(true)),
            ("__HOST-a=b; Secure; Path=/", true, Some(true)),
            ("__Host-a=b; Secure; Path=/", false, Some(false)),
            ("__Host-a=b; Secure", true, Some(false)),
            ("__Host-a=b; Path=/", true, Some(false)),
            ("__Host-a=b; Secure; Path=/x", true, Some(false)),
            (
                "__Host-a=b; Secure; Path=/; Domain=example.org",
                true,
                Some(false),
            ),
            ("__Secure-a=b; Secure; Domain=example.org", true, Some(true)),
            ("__Secure-a=b", true, Some(false)),
            ("Host-a=b", true, None),
        ];
        for (header, over_https, expected) in cases {
            assert_eq!(read(header).prefix_valid(over_https), expected, "{header}");
        }
    }

    #[test]
    fn session_names_are_told_from_others() {
        let sessions = [
            "PHPSESSID",
            "JSESSIONID",
            "ASP.NET_SessionId",
            "connect.sid",
            ".ASPXAUTH",
            "__Host-session",
            "laravel_session",
            "access_token",
            "ASPSESSIONIDQWERTYUI",
            "authz",
            "sid",
            "CFTOKEN",
            "SSESS1234",
            "authorisation",
        ];
        let others = [
            "lang",
            "assessment",
            "XSRF-TOKEN",
            "csrftoken",
            "author",
            "theme",
            "consent",
            "side",
            "__RequestVerificationToken",
        ];
        for name in sessions {
            assert!(read(&format!("{name}=1")).looks_like_session(), "{name}");
        }
        for name in others {
            assert!(!read(&format!("{name}=1")).looks_like_session(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), https in any::<bool>()) {
            if let Some(cookie) = parse(&bytes) {
                let _ = (cookie.prefix_valid(https), cookie.looks_like_session());
            }
        }
    }
}
