//! What an evaluation asks of DNS, and what comes of it.

use std::net::IpAddr;

use super::record::Qualifier;

/// The result of a check (section 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Verdict {
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TempError,
    PermError,
}

impl From<Qualifier> for Verdict {
    fn from(qualifier: Qualifier) -> Self {
        match qualifier {
            Qualifier::Pass => Self::Pass,
            Qualifier::Neutral => Self::Neutral,
            Qualifier::SoftFail => Self::SoftFail,
            Qualifier::Fail => Self::Fail,
        }
    }
}

/// What is looked up of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// TXT records.
    Texts,
    /// A records.
    V4,
    /// AAAA records.
    V6,
    /// MX records.
    Exchangers,
    /// PTR records.
    Pointers,
}

/// A question to DNS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Lower case, without the last dot.
    pub name: String,
    /// What is looked up.
    pub kind: Kind,
}

/// What is known of a question. No record of the kind is an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Kind::Texts`]: the strings of each record joined.
    Texts(Vec<Vec<u8>>),
    /// To [`Kind::V4`] and [`Kind::V6`].
    Addresses(Vec<IpAddr>),
    /// To [`Kind::Exchangers`], in order of preference, and [`Kind::Pointers`].
    Names(Vec<String>),
    /// DNS did not answer.
    Failed,
    /// Nobody has asked yet.
    Unasked,
}

impl Reply {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.is_empty(),
            Self::Addresses(addresses) => addresses.is_empty(),
            Self::Names(names) => names.is_empty(),
            Self::Failed | Self::Unasked => false,
        }
    }
}

/// A term with a look-up, in the order in which a receiver comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    /// The terms that lead to it, and itself, as written.
    pub way: Vec<String>,
    /// Name that is looked up; `None` when it depends on the message.
    pub name: Option<String>,
    /// The name as the record writes it, macros and all.
    pub written: String,
    /// The questions that it takes.
    pub questions: Vec<Question>,
    /// Whether it leads to another record (`include`, `redirect`).
    pub follows: bool,
    /// What came of it.
    pub fate: Fate,
}

/// What came of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// DNS answered: with nothing (a void look-up, section 4.6.4), or with something.
    Answered {
        /// Whether the answer was empty.
        void: bool,
    },
    /// DNS did not answer.
    Failed,
    /// Nobody has asked yet.
    Unasked,
    /// The question depends on the sender's address (`ptr`).
    Reverse,
    /// The name depends on the message.
    Macro,
    /// It lies deeper than is followed.
    TooDeep,
}

/// Whether a name can stand in DNS, as far as lengths go (RFC 1035 section 2.3.4).
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len()))
}
