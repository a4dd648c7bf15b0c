//! Tells "not observed" from "looked for and not there".

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A fact that may not have been observed.
///
/// `Unseen` is left out of the saved document, and a gap at its place or above
/// says why. `Known(None)` of a `Seen<Option<T>>` is saved as `null`: looked
/// for and not there. Fields of this type carry
/// `#[serde(default, skip_serializing_if = "Seen::is_unseen")]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seen<T> {
    /// Not observed.
    #[default]
    Unseen,
    /// Observed.
    Known(T),
}

impl<T> Seen<T> {
    /// Whether the fact was not observed.
    pub fn is_unseen(&self) -> bool {
        matches!(self, Self::Unseen)
    }

    /// The fact, if it was observed.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Unseen => None,
            Self::Known(value) => Some(value),
        }
    }

    /// The fact for changing, if it was observed.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Unseen => None,
            Self::Known(value) => Some(value),
        }
    }
}

impl<T> From<T> for Seen<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: Serialize> Serialize for Seen<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::Unseen => Err(serde::ser::Error::custom(
                "an unseen fact must be skipped, not written",
            )),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Seen<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::Known)
    }
}

impl<T: JsonSchema> JsonSchema for Seen<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}
