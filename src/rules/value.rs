//! Values in three-valued evaluation, borrowed from the observation.

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::document::GapNode;
use super::expr::Read;
use super::params::parse_date;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(Cow<'a, str>),
    Time(Timestamp),
    Date(Date),
    Duration(SignedDuration),
    /// The target: the areas, and the fields of the inventory's target.
    Target,
    /// A list or an object of the observation, with the gaps at it and below.
    Fact(&'a Value, Option<&'a GapNode>),
    /// A list or a map of the parameters.
    Data(&'a Value),
    /// A list that an expression made.
    List(Rc<Listed<'a>>),
}

/// A list that an expression made.
#[derive(Debug, Default)]
pub(super) struct Listed<'a> {
    pub items: Vec<Tri<'a>>,
    /// Why it may have more items.
    pub open: Option<Why>,
}

/// Known, or unknown with the reasons.
#[derive(Clone, Debug)]
pub(super) enum Tri<'a> {
    Known(Val<'a>),
    Unknown(Why),
}

/// Whether a condition holds.
#[derive(Clone, Debug)]
pub(super) enum Holds {
    Yes,
    No,
    Unknown(Why),
}

/// What hides a value: gaps of the document and facts that nobody asked for,
/// by their numbers.
pub(super) type Why = Rc<Reasons>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reasons {
    pub gaps: BTreeSet<usize>,
    pub unasked: BTreeSet<usize>,
}

/// Collects reasons; only what was unknown has any.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubt(Option<Why>);

/// Why evaluation stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// An error in the sense of CEL, which a decided `&&` or `||` absorbs.
    Error(String),
    /// A bound was met, which nothing absorbs.
    Bound(String),
}

impl<'a> Val<'a> {
    /// A value of the observation. Its numbers must be whole.
    pub fn fact(value: &'a Value, gaps: Option<&'a GapNode>, read: Read) -> Result<Self, Stop> {
        match value {
            Value::Array(_) | Value::Object(_) => Ok(Self::Fact(value, gaps)),
            scalar => Self::scalar(scalar, read),
        }
    }

    /// A value of the parameters.
    pub fn data(value: &'a Value, read: Read) -> Result<Self, Stop> {
        match value {
            Value::Array(_) | Value::Object(_) => Ok(Self::Data(value)),
            scalar => Self::scalar(scalar, read),
        }
    }

    fn scalar(value: &'a Value, read: Read) -> Result<Self, Stop> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Bool(value) => Ok(Self::Bool(*value)),
            Value::Number(number) => number
                .as_i64()
                .map(Self::Int)
                .ok_or_else(|| Stop::error(format!("{number} is not a whole number in range"))),
            Value::String(text) => match read {
                Read::Plain => Ok(Self::Text(Cow::Borrowed(text))),
                Read::Timestamp => text
                    .parse()
                    .map(Self::Time)
                    .map_err(|_| Stop::error(format!("`{}` is not a time", start(text)))),
                Read::Date => parse_date(text)
                    .map(Self::Date)
                    .ok_or_else(|| Stop::error(format!("`{}` is not a date", start(text)))),
            },
            Value::Array(_) | Value::Object(_) => Ok(Self::Data(value)),
        }
    }

    /// The kind of the value, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Text(_) => "string",
            Self::Time(_) => "timestamp",
            Self::Date(_) => "date",
            Self::Duration(_) => "duration",
            Self::Target => "object",
            Self::Fact(value, _) | Self::Data(value) => match value {
                Value::Array(_) => "list",
                _ => "object",
            },
            Self::List(_) => "list",
        }
    }

    /// The value as a list.
    pub fn items(&self) -> Option<Items<'a>> {
        match self {
            Self::Fact(Value::Array(items), gaps) => Some(Items::Facts(items, *gaps)),
            Self::Data(Value::Array(items)) => Some(Items::Data(items)),
            Self::List(list) => Some(Items::Made(list.clone())),
            _ => None,
        }
    }

    /// The value as a map of the parameters.
    pub fn map(&self) -> Option<&'a Map<String, Value>> {
        match self {
            Self::Data(value) => value.as_object(),
            _ => None,
        }
    }
}

/// A list, however it came to be.
#[derive(Clone, Debug)]
pub(super) enum Items<'a> {
    Facts(&'a [Value], Option<&'a GapNode>),
    Data(&'a [Value]),
    Made(Rc<Listed<'a>>),
}

impl<'a> Items<'a> {
    /// How many items are known to be there.
    pub fn len(&self) -> usize {
        match self {
            Self::Facts(items, _) | Self::Data(items) => items.len(),
            Self::Made(list) => list.items.len(),
        }
    }

    /// The item at a place within the length.
    pub fn get(&self, index: usize) -> Result<Tri<'a>, Stop> {
        let missing = || Stop::error("a list has no such item");
        match self {
            Self::Facts(items, gaps) => {
                let item = items.get(index).ok_or_else(missing)?;
                let gaps = gaps.and_then(|gaps| gaps.item(index));
                if let Some(why) = gaps.and_then(hidden) {
                    return Ok(Tri::Unknown(why));
                }
                Val::fact(item, gaps, Read::Plain).map(Tri::Known)
            }
            Self::Data(items) => {
                let item = items.get(index).ok_or_else(missing)?;
                Val::data(item, Read::Plain).map(Tri::Known)
            }
            Self::Made(list) => list.items.get(index).cloned().ok_or_else(missing),
        }
    }

    /// Why the list may have more items.
    pub fn open(&self) -> Option<Why> {
        match self {
            Self::Facts(items, gaps) => open(*gaps, items.len()),
            Self::Data(_) => None,
            Self::Made(list) => list.open.clone(),
        }
    }
}

/// Why a place is hidden, if gaps stand at it.
pub(super) fn hidden(gaps: &GapNode) -> Option<Why> {
    (!gaps.here.is_empty()).then(|| from_gaps(gaps.here.iter().copied()))
}

/// Why a list of a known length may have more items.
pub(super) fn open(gaps: Option<&GapNode>, length: usize) -> Option<Why> {
    let beyond = gaps?.beyond(length);
    (!beyond.is_empty()).then(|| from_gaps(beyond))
}

pub(super) fn from_gaps(gaps: impl IntoIterator<Item = usize>) -> Why {
    Rc::new(Reasons {
        gaps: gaps.into_iter().collect(),
        unasked: BTreeSet::new(),
    })
}

pub(super) fn from_unasked(path: usize) -> Why {
    Rc::new(Reasons {
        gaps: BTreeSet::new(),
        unasked: BTreeSet::from([path]),
    })
}

impl Doubt {
    pub fn add(&mut self, why: &Why) {
        match &mut self.0 {
            None => self.0 = Some(why.clone()),
            Some(have) if Rc::ptr_eq(have, why) => {}
            Some(have) => {
                let all = Rc::make_mut(have);
                all.gaps.extend(&why.gaps);
                all.unasked.extend(&why.unasked);
            }
        }
    }

    pub fn take(self) -> Option<Why> {
        self.0
    }
}

impl Stop {
    pub fn error(message: impl Into<String>) -> Self {
        Self::Error(message.into())
    }

    pub fn message(self) -> String {
        match self {
            Self::Error(message) | Self::Bound(message) => message,
        }
    }
}

impl Tri<'_> {
    pub const fn of_bool(value: bool) -> Self {
        Self::Known(Val::Bool(value))
    }
}

impl Holds {
    pub fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// The start of a text, for messages.
pub(super) fn start(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
