//! robots.txt (RFC 9309): which paths a crawler may visit.

/// Product token that groups may name us by.
const PRODUCT: &str = "scrutineer";
/// Most rules and lines that are read.
const MAX_RULES: usize = 2_000;
const MAX_LINES: usize = 20_000;
/// Most steps of one match, so that a rule full of stars costs little.
const MAX_STEPS: usize = 100_000;

/// Rules for one crawler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<(bool, String)>,
}

impl Robots {
    /// What holds when there is no file.
    pub fn all_allowed() -> Self {
        Self::default()
    }

    /// What holds when the server fails to give the file (section 2.3.1.4).
    pub fn nothing_allowed() -> Self {
        Self {
            rules: vec![(false, "/".to_owned())],
        }
    }

    /// Reads a file: the groups that name us, else those for everybody.
    pub fn parse(text: &str) -> Self {
        let (mut own, mut all) = (Vec::new(), Vec::new());
        let (mut for_us, mut for_all, mut in_rules, mut named) = (false, false, false, false);
        for line in text.trim_start_matches('\u{feff}').lines().take(MAX_LINES) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    // A new group begins with the first name after rules.
                    if std::mem::take(&mut in_rules) {
                        (for_us, for_all) = (false, false);
                    }
                    for_us |= value.eq_ignore_ascii_case(PRODUCT);
                    for_all |= value == "*";
                    named |= for_us;
                }
                rule @ ("allow" | "disallow") => {
                    in_rules = true;
                    // An empty rule says nothing.
                    if value.is_empty() {
                        continue;
                    }
                    for (applies, list) in [(for_us, &mut own), (for_all, &mut all)] {
                        if applies && list.len() < MAX_RULES {
                            list.push((rule == "allow", value.to_owned()));
                        }
                    }
                }
                _ => {}
            }
        }
        Self {
            rules: if named { own } else { all },
        }
    }

    /// Whether a path with query may be visited: the longest rule that fits decides,
    /// and of equal ones the one that allows (section 2.2.2).
    pub fn allows(&self, path: &str) -> bool {
        self.rules
            .iter()
            .filter(|(_, pattern)| fits(pattern.as_bytes(), path.as_bytes()))
            .max_by_key(|(allow, pattern)| (pattern.len(), *allow))
            .is_none_or(|(allow, _)| *allow)
    }
}

/// What a file tells everybody who reads it, whomever its groups name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Paths of all rules, each once, in order.
    pub paths: Vec<String>,
    /// URLs of sitemaps, in order.
    pub sitemaps: Vec<String>,
}

/// Reads the paths and sitemaps of a file.
pub fn told(text: &str) -> Told {
    let mut told = Told::default();
    for line in text.trim_start_matches('\u{feff}').lines().take(MAX_LINES) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let list = match name.trim().to_ascii_lowercase().as_str() {
            "allow" | "disallow" => &mut told.paths,
            "sitemap" => &mut told.sitemaps,
            _ => continue,
        };
        let value = value.trim();
        if !value.is_empty() && list.len() < MAX_RULES && !list.iter().any(|own| own == value) {
            list.push(value.to_owned());
        }
    }
    told
}

/// Whether a pattern with `*` and a last `$` fits the beginning of a path.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix(b"$") {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let (mut at, mut place) = (0usize, 0usize);
    let mut star: Option<(usize, usize)> = None;
    for _ in 0..MAX_STEPS {
        match (pattern.get(at), path.get(place)) {
            (None, _) if !to_end => return true,
            (None, None) => return true,
            (Some(b'*'), _) => {
                at = at.saturating_add(1);
                star = Some((at, place));
            }
            (Some(own), Some(other)) if own == other => {
                at = at.saturating_add(1);
                place = place.saturating_add(1);
            }
            // The last star takes one letter more.
            _ => match star {
                Some((after, from)) if from < path.len() => {
                    star = Some((after, from.saturating_add(1)));
                    (at, place) = (after, from.saturating_add(1));
                }
                _ => return false,
            },
        }
    }
    // A rule that cannot be decided forbids, if it is one that forbids; the polite reading.
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_are_read_as_the_rfc_says() {
        let groups = "User-agent: *\nDisallow: /admin\nAllow: /admin/help\nDisallow: /*.php$\nDisallow: /a*b\nDisallow:\n\
                      \nuser-agent: Other\nUser-Agent: third\nDisallow: /\n";
        let named = format!("{groups}\nUser-agent: Scrutineer # us\nDisallow: /private\n");
        let cases = [
            (groups, "/", true),
            (groups, "/admin", false),
            (groups, "/administration", false),
            (groups, "/admin/help/x", true),
            (groups, "/x.php", false),
            (groups, "/x.php?a=1", true),
            (groups, "/axxxb", false),
            (groups, "/axxx", true),
            (&named, "/admin", true),
            (&named, "/private/x", false),
            ("", "/x", true),
            ("Disallow: /", "/x", true),
            ("User-agent: *\nDisallow: /\nAllow: /", "/x", true),
            ("User-agent: *\nDisallow: /$", "/x", true),
            ("User-agent: *\nDisallow: /$", "/", false),
        ];
        for (text, path, allowed) in cases {
            assert_eq!(
                Robots::parse(text).allows(path),
                allowed,
                "{path} in {text}"
            );
        }
        assert!(!Robots::nothing_allowed().allows("/x"));
        assert!(Robots::all_allowed().allows("/x"));
    }

    #[test]
    fn many_stars_cost_little() {
        let start = std::time::Instant::now();
        let pattern = format!("{}b", "*a".repeat(1_000));
        let robots = Robots::parse(&format!("User-agent: *\nDisallow: {pattern}"));
        let _ = robots.allows(&"a".repeat(3_000));
        // Trying every split of the stars would take longer than anybody waits.
        assert!(start.elapsed() < std::time::Duration::from_secs(60));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "((user-agent|allow|disallow): ?[*/a$]{0,8}\n){0,12}", path in "/[a*$/]{0,12}") {
            let _ = Robots::parse(&text).allows(&path);
        }
    }

    #[test]
    fn what_a_file_tells_everybody() {
        let file = "\u{feff}User-agent: a\nDisallow: /x # why\nuser-agent: *\nDISALLOW : /x\nAllow: /y\nDisallow:\n\
            Sitemap: https://vote.example/s.xml\nnonsense";
        let told = told(file);
        assert_eq!(told.paths, ["/x", "/y"]);
        assert_eq!(told.sitemaps, ["https://vote.example/s.xml"]);
    }
}
