//! Names that stand in documents: ids, periods, digests, versions.

use jiff::civil::Date;

/// Longest id, in characters.
pub const LONGEST_ID: usize = 64;

/// Whether a text is an id of an exchange or of a participant: lower-case
/// letters, digits, `.` and `-`, at most [`LONGEST_ID`], beginning and ending
/// with a letter or digit, with no `..` in it. It is safe as the name of a file.
pub fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST_ID
        && bytes.first().copied().is_some_and(fits)
        && bytes.last().copied().is_some_and(fits)
        && bytes
            .iter()
            .all(|byte| fits(*byte) || matches!(byte, b'.' | b'-'))
        && !text.contains("..")
}

/// Whether a text names a period: a year (`2026`), half a year (`2026H2`) or a
/// quarter (`2026Q3`).
pub fn is_period(text: &str) -> bool {
    let Some((year, part)) = text.split_at_checked(4) else {
        return false;
    };
    year.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(part, "" | "H1" | "H2" | "Q1" | "Q2" | "Q3" | "Q4")
}

/// The first and the last day of a period by its name. `None` where it names none.
pub fn days_of_period(text: &str) -> Option<(Date, Date)> {
    if !is_period(text) {
        return None;
    }
    let (year, part) = text.split_at_checked(4)?;
    let (first, months) = match part {
        "H1" => (1, 6),
        "H2" => (7, 6),
        "Q1" => (1, 3),
        "Q2" => (4, 3),
        "Q3" => (7, 3),
        "Q4" => (10, 3),
        _ => (1, 12),
    };
    let year = year.parse().ok()?;
    let from = Date::new(year, first, 1).ok()?;
    let to = Date::new(year, first + months - 1, 1).ok()?.last_of_month();
    Some((from, to))
}

/// The period of the same length that follows.
pub fn next_period(text: &str) -> Option<String> {
    if !is_period(text) {
        return None;
    }
    let (year, part) = text.split_at_checked(4)?;
    let year: u32 = year.parse().ok()?;
    let (year, part) = match part {
        "H1" => (year, "H2"),
        "H2" => (year + 1, "H1"),
        "Q1" => (year, "Q2"),
        "Q2" => (year, "Q3"),
        "Q3" => (year, "Q4"),
        "Q4" => (year + 1, "Q1"),
        _ => (year + 1, ""),
    };
    Some(format!("{year:04}{part}"))
}

/// Whether a text is a SHA-256 in lower-case hexadecimal.
pub fn is_digest(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

/// A version of this program as three numbers, from `1.2.3` or `scrutineer 1.2.3`.
/// `None` for anything else, so that it is at least as new as nothing.
pub fn version(text: &str) -> Option<(u32, u32, u32)> {
    let text = text.strip_prefix("scrutineer ").unwrap_or(text);
    let mut parts = text.split('.').map(|part| {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse().ok()).flatten()
    });
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_they_say() {
        for id in ["a", "north-sea", "county.example", "7"] {
            assert!(is_id(id), "{id}");
        }
        let long = "a".repeat(65);
        for id in [
            "",
            "A",
            "-a",
            "a-",
            "a..b",
            "../a",
            "a/b",
            "a b",
            "å",
            long.as_str(),
        ] {
            assert!(!is_id(id), "{id}");
        }
        for period in ["2026", "2026H1", "2026H2", "2030Q4"] {
            assert!(is_period(period), "{period}");
        }
        let mut period = "2025Q3".to_owned();
        for next in ["2025Q4", "2026Q1", "2026Q2"] {
            period = next_period(&period).unwrap();
            assert_eq!(period, next);
        }
        assert_eq!(next_period("2026H2").as_deref(), Some("2027H1"));
        assert_eq!(next_period("2026").as_deref(), Some("2027"));
        let days = |period| {
            let (from, to) = days_of_period(period).unwrap();
            format!("{from} {to}")
        };
        assert_eq!(days("2026H1"), "2026-01-01 2026-06-30");
        assert_eq!(days("2024Q1"), "2024-01-01 2024-03-31");
        assert_eq!(days("2026"), "2026-01-01 2026-12-31");
        assert_eq!(days_of_period("2026H3"), None);
        for period in [
            "",
            "26H1",
            "2026h1",
            "2026H3",
            "2026Q5",
            "2026H10",
            "２０２６",
            "202é",
        ] {
            assert!(!is_period(period), "{period}");
        }
        assert!(is_digest(&"0f".repeat(32)));
        assert!(!is_digest(&"0F".repeat(32)));
        assert!(!is_digest("0f"));
        assert_eq!(version("scrutineer 0.10.2"), Some((0, 10, 2)));
        assert!(version("0.10.0") > version("0.9.9"));
        for text in ["", "1.2", "1.2.3.4", "1.2.x", "1.2.3-rc1", "+1.2.3"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
