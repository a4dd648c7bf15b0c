//! An expression as it is evaluated: resolved, typed, without names.

use serde_json::{Value, json};
use std::sync::Arc;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Null,
    Bool(bool),
    Int(i64),
    Text(Arc<str>),
    Var(Var),
    List(Vec<Expr>),
    Field(Box<Member>),
    Has(Box<Member>),
    Index(Box<(Expr, Expr)>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    If(Box<(Expr, Expr, Expr)>),
    Compare(Comparison, Box<(Expr, Expr)>),
    In(Box<(Expr, Expr)>),
    Arithmetic(Operator, Box<(Expr, Expr)>),
    Over(Box<Over>),
    Call(Function, Vec<Expr>),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Var {
    Subject,
    Item,
    Target,
    Params,
    Now,
    AsOf,
    /// A variable of `all`, `exists` and the like, by its depth.
    Bound(usize),
}

/// A field of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub of: Expr,
    pub name: Arc<str>,
    pub absent: Absent,
    pub read: Read,
}

/// What it means that a field is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// A fact that nobody asked for, by its number among the paths.
    Unasked(usize),
    /// Not set in the inventory.
    Null,
    /// A list of the inventory that was left out for being empty.
    Empty,
    /// Really absent: a map of parameters.
    Missing,
}

/// What to make of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Plain,
    Timestamp,
    Date,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// An expression for each item of a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Over {
    pub how: How,
    pub range: Expr,
    /// The condition of the three-argument `map`.
    pub filter: Option<Expr>,
    pub body: Expr,
    pub depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

/// A function of the check language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Function {
    Contains,
    Days,
    EndsWith,
    SameSite,
    Size,
    StartsWith,
    UtcDate,
}

impl Function {
    pub const ALL: [Self; 7] = [
        Self::Contains,
        Self::Days,
        Self::EndsWith,
        Self::SameSite,
        Self::Size,
        Self::StartsWith,
        Self::UtcDate,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Days => "days",
            Self::EndsWith => "endsWith",
            Self::SameSite => "same_site",
            Self::Size => "size",
            Self::StartsWith => "startsWith",
            Self::UtcDate => "utc_date",
        }
    }

    /// Changes with the function's meaning, and so changes the digests of the
    /// checks that use it.
    pub fn version(self) -> u32 {
        1
    }

    /// How it is called, for messages.
    pub fn usage(self) -> &'static str {
        match self {
            Self::Contains => "text.contains(part)",
            Self::Days => "days(n)",
            Self::EndsWith => "text.endsWith(part)",
            Self::SameSite => "same_site(host, host)",
            Self::Size => "size(list)",
            Self::StartsWith => "text.startsWith(part)",
            Self::UtcDate => "utc_date(time)",
        }
    }

    /// The table that it looks things up in, which has editions of its own.
    pub fn table(self) -> Option<&'static str> {
        (self == Self::SameSite).then_some("public-suffix-list")
    }
}

impl Expr {
    /// The expression as JSON in which only its meaning shows.
    pub fn canonical(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Int(value) => {
                // Canonical documents hold no integers above 2^53 - 1.
                if value.unsigned_abs() < 1 << 53 {
                    json!(value)
                } else {
                    json!(["int", value.to_string()])
                }
            }
            Self::Text(text) => json!(["text", &**text]),
            Self::Var(var) => match var {
                Var::Subject => json!(["subject"]),
                Var::Item => json!(["item"]),
                Var::Target => json!(["target"]),
                Var::Params => json!(["params"]),
                Var::Now => json!(["now"]),
                Var::AsOf => json!(["as_of"]),
                Var::Bound(depth) => json!(["bound", depth]),
            },
            Self::List(items) => many("list", items),
            Self::Field(member) => json!(["field", member.of.canonical(), &*member.name]),
            Self::Has(member) => json!(["has", member.of.canonical(), &*member.name]),
            Self::Index(pair) => both("index", pair),
            Self::Not(inner) => json!(["not", inner.canonical()]),
            Self::Negate(inner) => json!(["negate", inner.canonical()]),
            Self::And(terms) => many("and", terms),
            Self::Or(terms) => many("or", terms),
            Self::If(parts) => json!([
                "if",
                parts.0.canonical(),
                parts.1.canonical(),
                parts.2.canonical()
            ]),
            Self::Compare(comparison, pair) => both(comparison.symbol(), pair),
            Self::In(pair) => both("in", pair),
            Self::Arithmetic(operator, pair) => both(operator.symbol(), pair),
            Self::Over(over) => {
                let mut parts = vec![json!(over.how.name()), over.range.canonical()];
                parts.extend(over.filter.as_ref().map(Self::canonical));
                parts.push(over.body.canonical());
                Value::Array(parts)
            }
            Self::Call(function, arguments) => {
                let mut parts = vec![json!("call"), json!(function.name())];
                parts.extend(arguments.iter().map(Self::canonical));
                Value::Array(parts)
            }
        }
    }
}

impl Comparison {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }
}

impl Operator {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl How {
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exists => "exists",
            Self::ExistsOne => "exists_one",
            Self::Filter => "filter",
            Self::Map => "map",
        }
    }
}

fn many(name: &str, items: &[Expr]) -> Value {
    let mut parts = vec![json!(name)];
    parts.extend(items.iter().map(Expr::canonical));
    Value::Array(parts)
}

fn both(name: &str, pair: &(Expr, Expr)) -> Value {
    json!([name, pair.0.canonical(), pair.1.canonical()])
}
