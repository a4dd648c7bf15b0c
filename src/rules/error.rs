//! What can be wrong with a check: when it is loaded, and when it judges.

use std::fmt;
use std::ops::Range;

/// A part of a check's logic, so that a message can point into it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `for`
    Subjects,
    /// `when`
    When,
    /// `let`, by name
    Let(String),
    /// `each`
    Each,
    /// `where`
    Filter,
    /// `require`
    Require,
    /// `at_most`
    AtMost,
    /// `at_least`
    AtLeast,
    /// `message`
    Message,
}

impl Part {
    /// The key of the part in a check's file.
    pub fn key(&self) -> &str {
        match self {
            Self::Subjects => "for",
            Self::When => "when",
            Self::Let(_) => "let",
            Self::Each => "each",
            Self::Filter => "where",
            Self::Require => "require",
            Self::AtMost => "at_most",
            Self::AtLeast => "at_least",
            Self::Message => "message",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Let(name) => write!(f, "let.{name}"),
            other => f.write_str(other.key()),
        }
    }
}

/// A fault in a check's logic, found when it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The part that is wrong.
    pub part: Part,
    /// Bytes of that part's text. Always within it, on character boundaries.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RuleError {}

/// A check that could not judge: a defect of the check or of the observation's
/// facts, never a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The part that was evaluated.
    pub part: Part,
    /// JSON Pointer of the subject.
    pub subject: String,
    /// What went wrong.
    pub message: String,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}: {}",
            self.part,
            if self.subject.is_empty() {
                "the target"
            } else {
                &self.subject
            },
            self.message
        )
    }
}

impl std::error::Error for Defect {}

/// The known name that was probably meant, if one is close.
pub(super) fn nearest<S: AsRef<str>>(
    text: &str,
    known: impl IntoIterator<Item = S>,
) -> Option<String> {
    let lower = text.to_lowercase();
    known
        .into_iter()
        .map(|name| {
            let closeness = strsim::jaro_winkler(&lower, &name.as_ref().to_lowercase());
            (closeness, name)
        })
        .filter(|(closeness, _)| *closeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.as_ref().to_owned())
}
