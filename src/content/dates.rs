//! Dates as guidelines write them: a year, a month, or a day.

use jiff::civil::Date;

/// Which end of a year or a month a date stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its first day.
    First,
    /// Its last day.
    Last,
}

/// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
///
/// # Errors
/// Anything else, and days that do not exist, in words.
pub fn parse(text: &str, edge: Edge) -> Result<Date, String> {
    let wrong = || format!("`{text}` is not a date: write YYYY, YYYY-MM or YYYY-MM-DD");
    let mut parts = text.split('-');
    let year = number(parts.next(), 4).ok_or_else(wrong)?;
    let month = match parts.next() {
        None => None,
        part => Some(number(part, 2).ok_or_else(wrong)?),
    };
    let day = match parts.next() {
        None => None,
        part => Some(number(part, 2).ok_or_else(wrong)?),
    };
    if parts.next().is_some() {
        return Err(wrong());
    }
    let first = edge == Edge::First;
    let month_or = month.unwrap_or(if first { 1 } else { 12 });
    let narrow = |number: i16| i8::try_from(number).unwrap_or(0);
    let start = Date::new(year, narrow(month_or), 1)
        .map_err(|_| format!("`{text}` is not a date: there is no such month"))?;
    match day {
        Some(day) => Date::new(year, narrow(month_or), narrow(day))
            .map_err(|_| format!("`{text}` is not a date: there is no such day")),
        None if first => Ok(start),
        None => Ok(start.last_of_month()),
    }
}

fn number(part: Option<&str>, digits: usize) -> Option<i16> {
    let part = part?;
    (part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| part.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_its_first_or_last_day() {
        for (text, edge, expected) in [
            ("2026", Edge::First, "2026-01-01"),
            ("2026", Edge::Last, "2026-12-31"),
            ("2024-02", Edge::First, "2024-02-01"),
            ("2024-02", Edge::Last, "2024-02-29"),
            ("2026-03-31", Edge::First, "2026-03-31"),
            ("2026-03-31", Edge::Last, "2026-03-31"),
        ] {
            assert_eq!(parse(text, edge).unwrap().to_string(), expected);
        }
        for text in [
            "",
            "26",
            "2026-1",
            "2026-13",
            "2026-02-30",
            "2026-02-28-1",
            "+026",
            "2026-",
            "soon",
            "2026-00",
            "2026-01-00",
            "２０２６",
        ] {
            assert!(parse(text, Edge::Last).is_err(), "{text}");
        }
    }
}
