//! A form and its fields.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A form in a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Its id, name, or `no. 1` by position.
    pub key: String,
    /// Page that it stands on.
    pub page: String,
    /// Method in lower case: `get`, `post`, `dialog`.
    pub method: String,
    /// Where it sends to, resolved.
    pub action: FormAction,
    /// Fields that are filled in or sent along.
    #[schemars(extend("x-key" = "name"))]
    pub fields: Vec<Field>,
    /// Whether a hidden field looks like an anti-forgery token.
    pub csrf_token: bool,
}

/// Where a form sends to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FormAction {
    /// The URL, cleaned.
    pub url: String,
    /// Its scheme, lower case.
    pub scheme: String,
    /// Its host; empty for schemes without.
    pub host: String,
    /// Whether it lies on the same site (registrable domain) as the page.
    pub same_site: bool,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name, or its id, or `field 1` by position.
    pub name: String,
    /// Type in lower case (`text`, `password`, `date`, `hidden`, `select`, `textarea`).
    #[serde(rename = "type")]
    pub input_type: String,
    /// What it asks for.
    pub kind: FieldKind,
    /// Value of `autocomplete`, lower case; `null` when absent.
    pub autocomplete: Option<String>,
}

/// What a field asks for, by its type, name, label and autocomplete.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// National identity or social security number, whole or in part.
    NationalId,
    /// Date of birth.
    BirthDate,
    /// Driving licence or identity card number.
    Licence,
    /// A password or PIN.
    Password,
    /// Voter registration number.
    VoterId,
    /// A user name or account to log in with.
    Login,
    /// A name of a person.
    PersonName,
    /// A postal address or part of one.
    Address,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A file to upload.
    Upload,
    /// A search term.
    Search,
    /// A hidden value.
    Hidden,
    /// A button.
    Button,
    /// Anything else.
    Other,
}
