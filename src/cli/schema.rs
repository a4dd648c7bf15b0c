//! `schema NAME`: the JSON Schema of each document.

use clap::{Args, ValueEnum};
use schemars::{Schema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    console::Console,
    exit::{Exit, Trouble},
};
use crate::content::inventory::InventoryFile;
use crate::model::{
    check::Check,
    finding::{FINDINGS_SCHEMA, Findings},
    profile::Profile,
    run::{RUN_SCHEMA, RunHeader},
};
use crate::probes::registry::observation_schema;

/// Prints the JSON Schema of a document
#[derive(Args)]
pub struct SchemaArgs {
    /// Which document
    #[arg(value_enum)]
    document: Document,
}

/// Documents that scrutineer reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// All facts about one target at one moment
    Observation,
    /// A line of a run file
    Run,
    /// A check
    Check,
    /// A profile
    Profile,
    /// An inventory
    Inventory,
    /// What judging says
    Findings,
}

/// Runs the command.
///
/// # Errors
/// When the result cannot be written.
pub fn run(args: &SchemaArgs, console: &mut Console) -> Result<Exit, Trouble> {
    let mut text =
        serde_json::to_string_pretty(&schema(args.document)).expect("JSON values can be printed");
    text.push('\n');
    console.print(&text)?;
    Ok(Exit::Done)
}

/// The JSON Schema (2020-12) of a document.
pub fn schema(document: Document) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let identified = |schema: Schema, id: &str| {
        let mut value = schema.to_value();
        if let Some(object) = value.as_object_mut() {
            object.insert("$id".to_owned(), id.into());
        }
        value
    };
    match document {
        Document::Observation => observation_schema(),
        Document::Run => run_line(),
        Document::Check => identified(
            settings.into_generator().into_root_schema_for::<Check>(),
            "scrutineer.check/1",
        ),
        Document::Profile => identified(
            settings.into_generator().into_root_schema_for::<Profile>(),
            "scrutineer.profile/1",
        ),
        Document::Inventory => identified(
            settings
                .into_generator()
                .into_root_schema_for::<InventoryFile>(),
            "scrutineer.inventory/1",
        ),
        Document::Findings => identified(
            settings.into_generator().into_root_schema_for::<Findings>(),
            FINDINGS_SCHEMA,
        ),
    }
}

/// A line of a run: the header, or an observation.
fn run_line() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let header = generator.subschema_for::<RunHeader>().to_value();
    let mut definitions: Map<String, Value> = generator.take_definitions(true);
    let mut observation = observation_schema();
    if let Some(object) = observation.as_object_mut() {
        if let Some(Value::Object(more)) = object.remove("$defs") {
            definitions.extend(more);
        }
        object.remove("$schema");
        object.remove("$id");
    }
    definitions.insert("Observation".to_owned(), observation);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": RUN_SCHEMA,
        "title": "Line of a run",
        "description": "A run is a file of JSON Lines: the first line is a header, each further line an observation.",
        "oneOf": [header, { "$ref": "#/$defs/Observation" }],
        "$defs": definitions,
    })
}
