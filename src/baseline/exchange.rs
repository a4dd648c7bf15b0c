//! What participants of an exchange agree on before anybody measures.
//!
//! Whoever runs the exchange writes it as a YAML file ([`Exchange`]); the
//! signed roster embeds the same value, and what the roster says counts. The
//! roster adds what changes between windows and must be signed: root keys,
//! participants and their keys, and the payloads that were accepted.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::names;

/// The id of the exchange that is made up; every other one is real.
pub const DEMO: &str = "demo";
/// Days that the window of a period is open.
pub const WINDOW_DAYS: i64 = 30;
/// Most periods in a calendar: a century of half-years.
pub const MOST_PERIODS: usize = 200;
/// Most members of an audience.
pub const MOST_AUDIENCE: usize = 1_000;
/// Most tables that a period pins.
pub const MOST_TABLES: usize = 32;
/// Longest title or edition, in characters.
pub const LONGEST_TEXT: usize = 200;

/// What participants agree on: the exchange file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Stable id, in lower case.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The one profile that is judged under.
    pub profile: String,
    /// Ids of those who may read the documents. Empty means nobody.
    pub audience: BTreeSet<String>,
    /// Whether all of it is made up, as in the demo. Staged runs count in no other exchange.
    #[serde(default)]
    pub simulated: bool,
    /// When is measured, and with what.
    #[serde(rename = "periods")]
    pub calendar: Calendar,
}

/// The periods of an exchange, in the order of their windows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Calendar {
    /// The periods.
    pub periods: Vec<Period>,
}

/// A period and its window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// A year (`2026`), half a year (`2026H2`, the usual) or a quarter (`2026Q3`).
    pub id: String,
    /// First day of the window, UTC. It is open for [`WINDOW_DAYS`] days. This
    /// is also the policy date that everybody judges by.
    pub opens: Date,
    /// What everybody measures and judges with.
    pub pins: Pins,
}

/// What is fixed before a window opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// Digest of the pack: SHA-256 over the sorted digests of its checks.
    pub pack: String,
    /// Digest of the profile: SHA-256 over the sorted digests of its entries.
    pub profile: String,
    /// Editions of moving tables (trusted roots, public suffixes).
    pub tables: BTreeMap<String, String>,
    /// Oldest version of scrutineer that may measure and judge, as `1.2.3`.
    pub least_tool: String,
}

impl Period {
    /// The moment at which the window opens.
    pub fn opens_at(&self) -> Timestamp {
        midnight(self.opens)
    }

    /// The moment at which the window has closed; observations of this moment are too late.
    pub fn closes_at(&self) -> Timestamp {
        let day = self.opens.checked_add(WINDOW_DAYS.days());
        midnight(day.unwrap_or(Date::MAX))
    }

    /// Whether an observation of this moment counts.
    pub fn counts(&self, at: Timestamp) -> bool {
        self.opens_at() <= at && at < self.closes_at()
    }

    /// Whether the window has closed. Before, no document of the period is valid.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.closes_at() <= now
    }
}

/// A day begins at midnight UTC. `Timestamp::MAX` for days that no timestamp
/// can tell, so that a window out there never closes.
fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC)
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

impl Calendar {
    /// The period with an id.
    pub fn period(&self, id: &str) -> Option<&Period> {
        self.periods.iter().find(|period| period.id == id)
    }
}

impl Exchange {
    /// Says what is wrong with it: the first thing found, and where.
    ///
    /// # Errors
    /// Names that are none, windows that overlap or are out of order, texts and
    /// lists that are too long.
    pub fn check(&self) -> Result<(), Wrong> {
        let wrong = |at: &str, why: &str| Err(Wrong::new(at, why));
        if !names::is_id(&self.id) {
            return wrong("id", NOT_AN_ID);
        }
        if !is_line(&self.title) {
            return wrong("title", NOT_A_LINE);
        }
        if !names::is_id(&self.profile) {
            return wrong("profile", NOT_AN_ID);
        }
        if self.audience.len() > MOST_AUDIENCE {
            return wrong("audience", "is too long");
        }
        if !self.audience.iter().all(|id| names::is_id(id)) {
            return wrong("audience", NOT_AN_ID);
        }
        if self.simulated != (self.id == DEMO) {
            return wrong(
                "simulated",
                "must be true in the exchange `demo`, which is made up, and in no other",
            );
        }
        if self.calendar.periods.len() > MOST_PERIODS {
            return wrong("periods", "has too many periods");
        }
        let mut before: Option<&Period> = None;
        for (index, period) in self.calendar.periods.iter().enumerate() {
            let at = |key: &str| format!("periods/{index}/{key}");
            if !names::is_period(&period.id) {
                return Err(Wrong::new(at("id"), NOT_A_PERIOD));
            }
            if self.calendar.period(&period.id) != Some(period) {
                return Err(Wrong::new(at("id"), "stands twice"));
            }
            if !(1970..=9000).contains(&period.opens.year()) {
                return Err(Wrong::new(at("opens"), "is out of range"));
            }
            if before.is_some_and(|before| before.closes_at() > period.opens_at()) {
                return Err(Wrong::new(
                    at("opens"),
                    "begins before the window of the period above has closed",
                ));
            }
            period.pins.check(&at("pins"))?;
            before = Some(period);
        }
        Ok(())
    }
}

impl Pins {
    fn check(&self, at: &str) -> Result<(), Wrong> {
        let wrong = |key: &str, why: &str| Err(Wrong::new(format!("{at}/{key}"), why));
        if !names::is_digest(&self.pack) {
            return wrong("pack", NOT_A_DIGEST);
        }
        if !names::is_digest(&self.profile) {
            return wrong("profile", NOT_A_DIGEST);
        }
        if self.tables.len() > MOST_TABLES
            || !self
                .tables
                .iter()
                .all(|(name, edition)| is_line(name) && is_line(edition))
        {
            return wrong("tables", "must be a short mapping of names to editions");
        }
        if names::version(&self.least_tool).is_none() {
            return wrong("least_tool", "is not a version such as 0.1.0");
        }
        Ok(())
    }
}

/// Whether a text is one line for people: not empty, not too long, nothing
/// that a terminal would obey.
pub fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && crate::wire::text::clean(text, LONGEST_TEXT) == text
}

pub(crate) const NOT_AN_ID: &str =
    "is not an id: lower-case letters, digits, `.` and `-`, at most 64";
pub(crate) const NOT_A_LINE: &str = "must be one line of at most 200 printable characters";
pub(crate) const NOT_A_PERIOD: &str = "is not a period such as 2026H2";
pub(crate) const NOT_A_DIGEST: &str = "is not a SHA-256 of 64 digits in lower-case hexadecimal";

/// What is wrong with a document or an exchange file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where: keys and numbers from the outside in, with `/` between them.
    pub at: String,
    /// Why, as the end of a sentence that begins with the place.
    pub why: String,
}

impl Wrong {
    /// Something that is wrong at a place.
    pub fn new(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            why: why.into(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.at, self.why)
    }
}

impl std::error::Error for Wrong {}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn exchange() -> Exchange {
        let period = |id: &str, opens| Period {
            id: id.to_owned(),
            opens,
            pins: Pins {
                pack: "0a".repeat(32),
                profile: "0b".repeat(32),
                tables: BTreeMap::from([("trusted_roots".to_owned(), "2026-09".to_owned())]),
                least_tool: "0.1.0".to_owned(),
            },
        };
        Exchange {
            id: "north-sea".to_owned(),
            title: "North Sea offices".to_owned(),
            profile: "common-baseline".to_owned(),
            audience: BTreeSet::from(["office-a".to_owned()]),
            simulated: false,
            calendar: Calendar {
                periods: vec![
                    period("2026H1", date(2026, 3, 1)),
                    period("2026H2", date(2026, 9, 1)),
                ],
            },
        }
    }

    #[test]
    fn a_window_is_open_for_thirty_days() {
        let exchange = exchange();
        let period = exchange.calendar.period("2026H2").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (time, counts, closed) in [
            ("2026-08-31T23:59:59Z", false, false),
            ("2026-09-01T00:00:00Z", true, false),
            ("2026-09-30T23:59:59Z", true, false),
            ("2026-10-01T00:00:00Z", false, true),
        ] {
            assert_eq!(period.counts(at(time)), counts, "{time}");
            assert_eq!(period.is_closed(at(time)), closed, "{time}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(exchange().check(), Ok(()));
        type Break = fn(&mut Exchange);
        let cases: [(&str, Break); 13] = [
            ("id", |e| e.id = "North".to_owned()),
            ("title", |e| e.title = "a\u{1b}[31m".to_owned()),
            ("title", |e| e.title = " ".to_owned()),
            ("profile", |e| e.profile = "../x".to_owned()),
            ("simulated", |e| e.simulated = true),
            ("simulated", |e| e.id = DEMO.to_owned()),
            ("audience", |e| {
                e.audience.insert("A b".to_owned());
            }),
            ("periods/1/id", |e| {
                e.calendar.periods[1].id = "soon".to_owned()
            }),
            ("periods/1/id", |e| {
                e.calendar.periods[1].id = "2026H1".to_owned()
            }),
            ("periods/1/opens", |e| {
                e.calendar.periods[1].opens = date(2026, 3, 30);
            }),
            ("periods/0/opens", |e| {
                e.calendar.periods[0].opens = date(-9999, 1, 1);
            }),
            ("periods/0/pins/pack", |e| {
                e.calendar.periods[0].pins.pack = "x".to_owned();
            }),
            ("periods/0/pins/least_tool", |e| {
                e.calendar.periods[0].pins.least_tool = "new".to_owned();
            }),
        ];
        for (at, break_it) in cases {
            let mut exchange = exchange();
            break_it(&mut exchange);
            assert_eq!(exchange.check().unwrap_err().at, at);
        }
    }
}
