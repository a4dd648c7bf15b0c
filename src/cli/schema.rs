//! `schema NAME`: the JSON Schema of each document.

use clap::{Args, ValueEnum};
use schemars::{Schema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    console::Console,
    exit::{Exit, Trouble},
};
use crate::baseline::document::{AGGREGATE, Aggregate, BASELINE, Baseline, Statement};
use crate::baseline::kind::DocumentKind;
use crate::baseline::pack::Pack;
use crate::content::{inventory::InventoryFile, waivers::WaiversFile};
use crate::model::{
    check::Check,
    comparison::{COMPARISON_SCHEMA, Comparison},
    diff::{DIFF_SCHEMA, Diff},
    difference::{DIFFERENCE_SCHEMA, Difference},
    finding::{FINDINGS_SCHEMA, Finding, Findings},
    matrix::{MATRIX_SCHEMA, Matrix},
    pack_diff::{PACK_DIFF_SCHEMA, PackDiff},
    period::{PERIOD_SCHEMA, PeriodReport},
    plan::{PLAN_SCHEMA, Plan},
    profile::Profile,
    run::{RUN_SCHEMA, RunHeader},
};
use crate::probes::registry::observation_schema;
use crate::report::jsonl::{LINES_SCHEMA, LinesHeader};

/// Print the JSON Schema of a document
#[derive(Args)]
#[command(after_help = "Example:\n  \
scrutineer schema inventory > inventory.schema.json\n\n\
An editor that knows the schema completes and checks what you write.")]
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
    /// What changed between two results
    Diff,
    /// Findings that somebody accepts for a while
    Waivers,
    /// A line of what judging says as JSON Lines
    FindingsLines,
    /// What judging under several profiles says
    Matrix,
    /// Where two profiles differ
    ProfileDiff,
    /// Checks and profiles together, as an exchange hands them out
    Pack,
    /// What differs between two packs
    PackDiff,
    /// How a participant of an exchange stands
    Baseline,
    /// How many participants of an exchange reach 90 %
    Aggregate,
    /// How participants of an exchange stand beside each other
    Comparison,
    /// A report about one or several periods
    PeriodReport,
    /// What to change, in which order
    Plan,
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
        Document::Diff => identified(
            settings.into_generator().into_root_schema_for::<Diff>(),
            DIFF_SCHEMA,
        ),
        Document::Waivers => identified(
            settings
                .into_generator()
                .into_root_schema_for::<WaiversFile>(),
            "scrutineer.waivers/1",
        ),
        Document::FindingsLines => findings_line(),
        Document::Pack => identified(
            settings
                .into_generator()
                .into_root_schema_for::<Statement<Pack>>(),
            DocumentKind::Pack.predicate_type(),
        ),
        Document::PackDiff => identified(
            settings.into_generator().into_root_schema_for::<PackDiff>(),
            PACK_DIFF_SCHEMA,
        ),
        Document::Baseline => identified(
            settings
                .into_generator()
                .into_root_schema_for::<Statement<Baseline>>(),
            BASELINE,
        ),
        Document::Aggregate => identified(
            settings
                .into_generator()
                .into_root_schema_for::<Statement<Aggregate>>(),
            AGGREGATE,
        ),
        Document::Comparison => identified(
            settings
                .into_generator()
                .into_root_schema_for::<Comparison>(),
            COMPARISON_SCHEMA,
        ),
        Document::PeriodReport => identified(
            settings
                .into_generator()
                .into_root_schema_for::<PeriodReport>(),
            PERIOD_SCHEMA,
        ),
        Document::Matrix => identified(
            settings.into_generator().into_root_schema_for::<Matrix>(),
            MATRIX_SCHEMA,
        ),
        Document::ProfileDiff => identified(
            settings
                .into_generator()
                .into_root_schema_for::<Difference>(),
            DIFFERENCE_SCHEMA,
        ),
        Document::Plan => identified(
            settings.into_generator().into_root_schema_for::<Plan>(),
            PLAN_SCHEMA,
        ),
    }
}

/// A line of `--format jsonl`: the header, or a finding.
fn findings_line() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let header = generator.subschema_for::<LinesHeader<'_>>().to_value();
    let finding = generator.subschema_for::<Finding>().to_value();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": LINES_SCHEMA,
        "title": "Line of findings",
        "description": "The first line is a header, each further line a finding.",
        "oneOf": [header, finding],
        "$defs": generator.take_definitions(true),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{Content, yaml};

    #[test]
    fn every_schema_is_valid_and_takes_what_is_part_of_the_program() {
        for document in Document::value_variants() {
            let schema = schema(*document);
            assert!(schema.get("$id").is_some(), "{document:?}");
            jsonschema::meta::validate(&schema).unwrap_or_else(|e| panic!("{document:?}: {e}"));
        }
        let content = Content::load(&[], &[]).unwrap();
        let checks = jsonschema::validator_for(&schema(Document::Check)).unwrap();
        for loaded in content.checks.values() {
            let value = loaded.root.to_json();
            assert!(checks.is_valid(&value), "{}", loaded.check.id);
        }
        let profiles = jsonschema::validator_for(&schema(Document::Profile)).unwrap();
        for loaded in content.profiles.values() {
            let errors: Vec<String> = profiles
                .iter_errors(&loaded.root.to_json())
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", loaded.profile.id);
        }
    }

    #[test]
    fn the_schema_of_inventories_takes_every_form() {
        let schema = schema(Document::Inventory);
        let validator = jsonschema::validator_for(&schema).unwrap();
        let takes = |text: &str| {
            let source = crate::content::source::Source::new("i", text);
            let node = yaml::parse(&source, yaml::Limits::INVENTORY).unwrap();
            validator.is_valid(&node.to_json())
        };
        assert!(takes(
            "targets: [a.example, { name: b.example, roles: [results] }]"
        ));
        assert!(takes(
            "organisation: { name: X, country: NO }\ntargets: [a.example]"
        ));
        assert!(!takes("targets: []"));
        assert!(!takes("targets: [{ name: a.example, role: results }]"));
        assert!(!takes(
            "organisation: { name: X, country: no }\ntargets: [a.example]"
        ));
    }
}
