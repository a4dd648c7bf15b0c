//! Names of targets as people write them.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::{collections::BTreeSet, fmt, net::IpAddr};

use super::source::printable_line;
use crate::model::target::{Pins, Role, Target};

/// Most characters of a name that are looked at.
const LONGEST: usize = 4_096;
/// Longest path, in characters.
const LONGEST_PATH: usize = 1_024;
/// Longest DKIM selector, in characters.
const LONGEST_SELECTOR: usize = 128;

/// Why a name cannot be a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

impl std::error::Error for NameError {}

fn refuse<T>(message: impl Into<String>, help: &str) -> Result<T, NameError> {
    Err(NameError {
        message: message.into(),
        help: (!help.is_empty()).then(|| help.to_owned()),
    })
}

/// Reads a target from `vote.example.gov`, `host:port` or a URL.
///
/// International names become A-labels, upper case becomes lower case, and a
/// trailing dot goes. The path of a URL becomes a path that must be visited. A
/// bare name is taken for a website and a mail domain, anything with a port or
/// a path for a website.
///
/// # Errors
/// Addresses, wildcards, mail addresses, names with underscores and everything
/// that is no host name (RFC 1123 section 2.1, RFC 5891), each with its reason.
pub fn parse_target(text: &str) -> Result<Target, NameError> {
    let text = text.trim();
    let shown = printable_line(text, 80);
    if text.is_empty() {
        return refuse("the name is empty", "");
    }
    if text.chars().take(LONGEST + 1).count() > LONGEST {
        return refuse(format!("`{shown}` is too long to be a name or a URL"), "");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refuse(
            format!("`{shown}` has a blank or a control character in it"),
            "write one name, without blanks",
        );
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "http" => (Some(80), rest),
            "https" => (Some(443), rest),
            _ => {
                return refuse(
                    format!("`{shown}` is not an http or https URL"),
                    "write the name alone, or a URL that begins with https://",
                );
            }
        },
        None => (None, text),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if authority.contains('@') {
        let domain = authority.rsplit('@').next().unwrap_or_default();
        return refuse(
            format!("`{shown}` names a person or holds a password"),
            &format!("write the domain alone: {}", printable_line(domain, 80)),
        );
    }
    let (host, port) = split_port(authority, &shown)?;
    let name = host_name(host)?;
    if scheme.is_none() && tail.is_empty() && looks_like_file(&name) {
        return refuse(
            format!("`{shown}` looks like a file, not a name"),
            &format!("an inventory is given with `-i {shown}`"),
        );
    }
    let mut paths = Vec::new();
    let path = tail.split('#').next().unwrap_or_default();
    if !path.is_empty() && path != "/" {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        paths.push(check_path(&path)?);
    }
    let is_url = scheme.is_some() || port.is_some() || !paths.is_empty();
    let port = port.filter(|port| *port != 443 && !(scheme == Some(80) && *port == 80));
    Ok(Target {
        name,
        port,
        roles: default_roles(is_url),
        paths,
        ignore_robots: false,
        origin: Vec::new(),
        dkim_selectors: Vec::new(),
        pins: Pins::default(),
        source: None,
    })
}

/// The roles of a target for which the user names none.
fn default_roles(is_url: bool) -> BTreeSet<Role> {
    if is_url {
        BTreeSet::from([Role::Website])
    } else {
        BTreeSet::from([Role::Website, Role::MailDomain])
    }
}

fn split_port<'a>(authority: &'a str, shown: &str) -> Result<(&'a str, Option<u16>), NameError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let inside = rest.split(']').next().unwrap_or_default();
        return if inside.parse::<IpAddr>().is_ok() {
            refuse_address(inside)
        } else {
            refuse(format!("`{shown}` is not a name"), "")
        };
    }
    if authority.parse::<IpAddr>().is_ok() {
        return refuse_address(authority);
    }
    match authority.split_once(':') {
        None => Ok((authority, None)),
        Some((host, port)) => match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok((host, Some(number)))
            }
            _ => refuse(
                format!("`{}` is not a port", printable_line(port, 40)),
                "a port is a number from 1 to 65535",
            ),
        },
    }
}

fn refuse_address<T>(address: &str) -> Result<T, NameError> {
    refuse(
        format!(
            "`{}` is an address, and a target is a name",
            printable_line(address, 60)
        ),
        "name the site, and lead it to this address with `--connect-to NAME:443:ADDRESS:443`",
    )
}

/// A host or domain name as A-labels in lower case, without a trailing dot.
///
/// # Errors
/// What is no host name, each with its reason.
pub fn host_name(text: &str) -> Result<String, NameError> {
    let shown = printable_line(text, 80);
    // The four characters that IDNA takes for a dot (UTS 46 section 4.5).
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let bare = text.strip_suffix(dots).unwrap_or(text);
    if bare.is_empty() {
        return refuse("the name is empty", "");
    }
    if text.parse::<IpAddr>().is_ok() {
        return refuse_address(text);
    }
    if bare.contains('*') {
        return refuse(
            format!("`{shown}` is a wildcard, which stands for many names"),
            "write each name that is to be looked at",
        );
    }
    if bare.contains('_') {
        return refuse(
            format!("`{shown}` has an underscore, which no host name has (RFC 1123)"),
            "records such as _dmarc are found from the domain's own name",
        );
    }
    if bare.split(dots).any(str::is_empty) {
        return refuse(format!("`{shown}` has an empty part between two dots"), "");
    }
    let ascii = Uts46::new()
        .to_ascii(
            bare.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Ignore,
        )
        .map_err(|_| NameError {
            message: format!("`{shown}` is not a host name"),
            help: Some(
                "a name has letters, digits and hyphens between dots, and no part begins or ends with a hyphen"
                    .to_owned(),
            ),
        })?;
    if ascii.len() > 253 {
        return refuse(
            format!("`{shown}` is longer than 253 characters, the most that DNS allows"),
            "",
        );
    }
    if let Some(label) = ascii.split('.').find(|label| label.len() > 63) {
        return refuse(
            format!(
                "the part `{}` is longer than 63 characters, the most that DNS allows",
                printable_line(label, 30)
            ),
            "",
        );
    }
    let last = ascii.rsplit('.').next().unwrap_or_default();
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if numeric(last)
        || last
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        return refuse(
            format!("`{shown}` is a number or an address, and a target is a name"),
            "",
        );
    }
    Ok(ascii.into_owned())
}

/// A DKIM selector in lower case (RFC 6376 section 3.1).
///
/// # Errors
/// What is no selector, and the whole name of a record.
pub fn dkim_selector(text: &str) -> Result<String, NameError> {
    let shown = printable_line(text, 80);
    let selector = text.to_ascii_lowercase();
    if let Some(at) = selector.find("._domainkey") {
        let bare = selector.get(..at).unwrap_or_default();
        return refuse(
            format!("`{shown}` is the name of a key record, not a selector"),
            &format!("write the selector alone: {}", printable_line(bare, 80)),
        );
    }
    let fits = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if selector.len() > LONGEST_SELECTOR || !selector.split('.').all(fits) {
        return refuse(
            format!("`{shown}` is not a DKIM selector"),
            "write what stands behind s= in the DKIM-Signature of a mail, such as `s2026`",
        );
    }
    Ok(selector)
}

fn looks_like_file(name: &str) -> bool {
    [".yaml", ".yml", ".json", ".jsonl", ".txt", ".csv"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// A path of a website that can be asked for.
///
/// # Errors
/// Paths that do not begin with `/`, that have blanks, control characters or a
/// fragment, or that are too long.
pub fn check_path(path: &str) -> Result<String, NameError> {
    let shown = printable_line(path, 80);
    if !path.starts_with('/') || path.starts_with("//") {
        let help = format!(
            "write /{}",
            printable_line(path.trim_start_matches('/'), 80)
        );
        return refuse(format!("the path `{shown}` must begin with one `/`"), &help);
    }
    if path.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refuse(
            format!("the path `{shown}` has a blank or a control character in it"),
            "write a blank as %20",
        );
    }
    if path.contains('#') {
        return refuse(
            format!("the path `{shown}` has a fragment, which is never sent to a server"),
            "leave out `#` and what follows",
        );
    }
    if path.chars().take(LONGEST_PATH + 1).count() > LONGEST_PATH {
        return refuse(
            format!("the path `{shown}` is longer than {LONGEST_PATH} characters"),
            "",
        );
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_checked() {
        for (given, selector) in [
            ("s1", Some("s1")),
            ("S2026", Some("s2026")),
            ("mail_2026", Some("mail_2026")),
            ("a.b-c", Some("a.b-c")),
            ("s1._domainkey.example.gov", None),
            ("s1._domainkey", None),
            ("", None),
            ("a..b", None),
            ("-a", None),
            ("a b", None),
            ("a;b", None),
            ("ä", None),
        ] {
            assert_eq!(dkim_selector(given).ok().as_deref(), selector, "{given}");
        }
        assert!(dkim_selector(&"a".repeat(64)).is_err());
        assert!(dkim_selector(&"a.".repeat(80)).is_err());
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        for (given, name, port, paths) in [
            ("vote.example.gov", "vote.example.gov", None, ""),
            ("  Vote.Example.GOV. ", "vote.example.gov", None, ""),
            ("vote.example.gov:8443", "vote.example.gov", Some(8443), ""),
            ("vote.example.gov:443", "vote.example.gov", None, ""),
            ("https://vote.example.gov", "vote.example.gov", None, ""),
            ("HTTPS://vote.example.gov/", "vote.example.gov", None, ""),
            (
                "http://vote.example.gov:80/a",
                "vote.example.gov",
                None,
                "/a",
            ),
            (
                "https://vote.example.gov:8443/r?x=1#top",
                "vote.example.gov",
                Some(8443),
                "/r?x=1",
            ),
            (
                "https://vote.example.gov?x=1",
                "vote.example.gov",
                None,
                "/?x=1",
            ),
            (
                "vote.example.gov/register",
                "vote.example.gov",
                None,
                "/register",
            ),
            ("wählen.example", "xn--whlen-gra.example", None, ""),
            ("xn--whlen-gra.example", "xn--whlen-gra.example", None, ""),
            ("例え。example", "xn--r8jz45g.example", None, ""),
            ("straße.example", "xn--strae-oqa.example", None, ""),
            ("localhost", "localhost", None, ""),
            ("r3---sn.example", "r3---sn.example", None, ""),
            ("1.example", "1.example", None, ""),
        ] {
            let target = parse_target(given).unwrap_or_else(|e| panic!("{given}: {e}"));
            assert_eq!(target.name, name, "{given}");
            assert_eq!(target.port, port, "{given}");
            assert_eq!(target.paths.join(" "), paths, "{given}");
        }
    }

    #[test]
    fn roles_follow_the_form() {
        let roles = |text: &str| parse_target(text).unwrap().roles;
        assert_eq!(
            roles("example.gov"),
            BTreeSet::from([Role::Website, Role::MailDomain])
        );
        for text in [
            "example.gov:8443",
            "https://example.gov",
            "example.gov/x",
            "example.gov:443",
        ] {
            assert_eq!(roles(text), BTreeSet::from([Role::Website]), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_reason() {
        let long = format!("{}.example", vec!["a".repeat(60); 5].join("."));
        let label = format!("{}.example", "a".repeat(64));
        let huge = "a".repeat(1_000_000);
        for (given, words) in [
            ("", "empty"),
            (".", "empty"),
            ("a..b", "empty part"),
            (".example.gov", "empty part"),
            ("example.gov..", "empty part"),
            ("*.example.gov", "wildcard"),
            ("my_host.example.gov", "underscore"),
            ("192.0.2.1", "address"),
            ("192.0.2.1:443", "address"),
            ("[2001:db8::1]:443", "address"),
            ("2001:db8::1", "address"),
            ("https://[2001:db8::1]/", "address"),
            ("0x7f.1", "number or an address"),
            ("127.1", "number or an address"),
            ("a.0x7f", "number or an address"),
            ("clerk@example.gov", "write the domain alone: example.gov"),
            ("https://u:p@example.gov/", "password"),
            ("ftp://example.gov", "http or https"),
            ("example.gov:0", "not a port"),
            ("example.gov:65536", "not a port"),
            ("example.gov:+1", "not a port"),
            ("example.gov:", "not a port"),
            ("a b.example", "blank"),
            ("a\u{1b}[31m.example", "control"),
            ("-a.example", "not a host name"),
            ("a-.example", "not a host name"),
            ("a,b.example", "not a host name"),
            ("exa\u{202e}mple.gov", "not a host name"),
            ("xn--a.example", "not a host name"),
            ("inventory.yaml", "-i inventory.yaml"),
            (&long, "253"),
            (&label, "63"),
            (&huge, "too long"),
        ] {
            let error = parse_target(given).unwrap_err().to_string();
            assert!(error.contains(words), "{given}: {error}");
            assert!(error.chars().count() < 400, "{error}");
            assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error:?}");
        }
    }
}
