//! The types that a check's parameters may have.

use jiff::civil::Date;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::FactSchema;
use super::schema::{List, Record, Slot, Type};

/// Kinds of words, by the name that authors use and the enumeration in the
/// observation's schema that closes them.
const VOCABULARIES: [(&str, &str); 10] = [
    ("DMARC disposition", "DmarcDisposition"),
    ("MTA-STS mode", "MtaStsMode"),
    ("SPF result", "SpfResult"),
    ("TLS version", "VersionName"),
    ("address family", "AddressFamily"),
    ("chain problem", "ChainProblemName"),
    ("client standing", "ClientStanding"),
    ("endpoint purpose", "EndpointPurpose"),
    ("field kind", "FieldKind"),
    ("role", "Role"),
];

/// The type of a parameter, out of a closed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// `bool`
    Bool,
    /// `int`: a whole number within 2^53.
    Int,
    /// `string`
    Text,
    /// `date`: `YYYY-MM-DD`.
    Date,
    /// A word of a closed list of the schema, such as `TLS version`.
    Word(&'static str),
    /// `list of X`
    List(Box<ParamType>),
    /// `suite policy`: a map from suite to `{ until: date, min_kex_bits: int }`,
    /// both optional.
    SuitePolicy,
}

impl ParamType {
    /// Reads a type as authors write it.
    ///
    /// # Errors
    /// Says which type was probably meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(item) = text.strip_prefix("list of ") {
            return match Self::parse(item)? {
                Self::List(_) | Self::SuitePolicy => Err(format!("a list cannot hold `{item}`")),
                item => Ok(Self::List(Box::new(item))),
            };
        }
        match text {
            "bool" => Ok(Self::Bool),
            "int" => Ok(Self::Int),
            "string" => Ok(Self::Text),
            "date" => Ok(Self::Date),
            "suite policy" => Ok(Self::SuitePolicy),
            _ => match VOCABULARIES.iter().find(|(name, _)| *name == text) {
                Some((name, _)) => Ok(Self::Word(name)),
                None => Err(unknown(text)),
            },
        }
    }

    /// Whether a value is of this type.
    ///
    /// # Errors
    /// Says what is wrong with the value, and where in it.
    pub fn check(&self, value: &Value, schema: &FactSchema) -> Result<(), String> {
        match self {
            Self::Bool => value
                .as_bool()
                .map(drop)
                .ok_or_else(|| wrong("true or false", value)),
            Self::Int => value
                .as_i64()
                .filter(|number| number.unsigned_abs() < 1 << 53)
                .map(drop)
                .ok_or_else(|| wrong("a whole number", value)),
            Self::Text => value.as_str().map(drop).ok_or_else(|| wrong("text", value)),
            Self::Date => value
                .as_str()
                .and_then(parse_date)
                .map(drop)
                .ok_or_else(|| wrong("a date as YYYY-MM-DD", value)),
            Self::Word(name) => check_word(name, value, schema),
            Self::List(item) => {
                let list = value.as_array().ok_or_else(|| wrong("a list", value))?;
                for (index, element) in list.iter().enumerate() {
                    item.check(element, schema)
                        .map_err(|error| format!("item {}: {error}", index + 1))?;
                }
                Ok(())
            }
            Self::SuitePolicy => check_policy(value, schema),
        }
    }

    /// The type in the check language.
    pub(super) fn kind(&self, schema: &FactSchema) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Text => Type::Text(None),
            Self::Date => Type::Date,
            Self::Word(name) => Type::Text(definition(name).and_then(|d| schema.vocabulary(d))),
            Self::List(item) => Type::List(Arc::new(List {
                item: Slot::of(item.kind(schema)),
                key: None,
            })),
            Self::SuitePolicy => {
                let rule = Record {
                    fields: BTreeMap::from([
                        ("until".to_owned(), Slot::optional(Type::Date)),
                        ("min_kex_bits".to_owned(), Slot::optional(Type::Int)),
                    ]),
                };
                Type::Map(Arc::new(Slot::of(Type::Record(Arc::new(rule)))))
            }
        }
    }

    /// The name of the parameter type for an enumeration of the schema.
    pub(super) fn name_for(definition: &str) -> Option<&'static str> {
        VOCABULARIES
            .iter()
            .find(|(_, known)| *known == definition)
            .map(|(name, _)| *name)
    }
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Text => f.write_str("string"),
            Self::Date => f.write_str("date"),
            Self::Word(name) => f.write_str(name),
            Self::List(item) => write!(f, "list of {item}"),
            Self::SuitePolicy => f.write_str("suite policy"),
        }
    }
}

/// A date as `YYYY-MM-DD`, and nothing else that a date library would take.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn definition(name: &str) -> Option<&'static str> {
    VOCABULARIES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, definition)| *definition)
}

fn check_word(name: &str, value: &Value, schema: &FactSchema) -> Result<(), String> {
    let word = value
        .as_str()
        .ok_or_else(|| wrong(&format!("text ({name})"), value))?;
    let Some(words) = definition(name).and_then(|d| schema.words(d)) else {
        return Ok(());
    };
    if words.iter().any(|known| known == word) {
        return Ok(());
    }
    Err(match super::error::nearest(word, words) {
        Some(near) => format!("`{word}` is no {name}; did you mean `{near}`?"),
        None => format!("`{word}` is no {name}; there are {}", words.join(", ")),
    })
}

fn check_policy(value: &Value, schema: &FactSchema) -> Result<(), String> {
    let policy = value
        .as_object()
        .ok_or_else(|| wrong("a map from suite to rule", value))?;
    for (suite, rule) in policy {
        let rule = rule
            .as_object()
            .ok_or_else(|| format!("{suite}: {}", wrong("a map", rule)))?;
        for (key, value) in rule {
            match key.as_str() {
                "until" => ParamType::Date.check(value, schema),
                "min_kex_bits" => ParamType::Int.check(value, schema),
                _ => Err("unknown key; there are `until` and `min_kex_bits`".to_owned()),
            }
            .map_err(|error| format!("{suite}: {key}: {error}"))?;
        }
    }
    Ok(())
}

fn wrong(expected: &str, value: &Value) -> String {
    let found = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => format!("`{}`", value.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    };
    format!("expected {expected}, found {found}")
}

fn unknown(text: &str) -> String {
    let mut names: Vec<String> = ["bool", "int", "string", "date", "suite policy"]
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    names.extend(VOCABULARIES.iter().map(|(name, _)| (*name).to_owned()));
    match super::error::nearest(text, &names) {
        Some(near) => format!("no such type `{text}`; did you mean `{near}`?"),
        None => format!(
            "no such type `{text}`; there are {}, and `list of` these",
            names.join(", ")
        ),
    }
}
