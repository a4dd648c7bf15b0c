//! The list of probes, and what a probe is.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{future::Future, pin::Pin};

use crate::model::{
    gap::{Gap, GapReason},
    level::{Area, Level},
    observation::{Conditions, Cost, Evidence, OBSERVATION_SCHEMA},
    target::Target,
};
use crate::net::{NetError, Session};
use crate::wire::text::clean;

/// Every probe, in the order in which areas are shown.
pub static REGISTRY: &[&Probe] = &[
    &super::dns::PROBE,
    &super::tls::PROBE,
    &super::mail::PROBE,
    &super::web::PROBE,
];

/// Code that looks at one area of a target.
pub struct Probe {
    /// The area, and the key of its facts in the observation.
    pub area: Area,
    /// Version of its facts; it enters the digest of every check that reads them.
    pub fact_version: u32,
    /// JSON Schema of its facts.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Says what is wrong with saved facts that are not of their type; see [`check_facts`].
    pub check: fn(&Value) -> Result<(), String>,
    /// What it would send to a target, for `--dry-run`. Pure.
    pub plan: fn(&Target, Level) -> Vec<PlannedExchange>,
    /// Looks at the target. Never fails: what could not be seen is a gap. When
    /// the session's deadline passes, every exchange fails at once, and the
    /// probe returns what it has.
    pub observe: for<'a> fn(ProbeContext<'a>) -> ProbeFuture<'a>,
}

/// What a probe's work returns.
pub type ProbeFuture<'a> = Pin<Box<dyn Future<Output = AreaReport> + Send + 'a>>;

/// What a probe is given.
#[derive(Clone, Copy)]
pub struct ProbeContext<'a> {
    /// The target.
    pub target: &'a Target,
    /// How far to go.
    pub level: Level,
    /// Most pages to visit on a website.
    pub page_cap: u32,
    /// The way to the network, with the target's scope, budget and deadline.
    pub session: &'a Session,
}

/// What a probe saw.
#[derive(Clone, Debug, Default)]
pub struct AreaReport {
    /// The facts; absent when nothing at all was observed.
    pub facts: Option<Value>,
    /// What could not be seen, with pointers from the root (`/tls/endpoints/0`).
    pub gaps: Vec<Gap>,
    /// What proves the facts, with pointers from the root.
    pub evidence: Vec<Evidence>,
}

impl AreaReport {
    /// What was seen of an area. Facts that JSON cannot hold would be a defect of this
    /// program, and are told as one.
    pub fn seen(
        area: Area,
        facts: &impl Serialize,
        gaps: Vec<Gap>,
        evidence: Vec<Evidence>,
    ) -> Self {
        match serde_json::to_value(facts) {
            Ok(facts) => Self {
                facts: Some(facts),
                gaps,
                evidence,
            },
            Err(error) => {
                let defect = NetError::new(GapReason::Internal, error.to_string());
                Self::unseen(area, &defect)
            }
        }
    }

    /// Nothing was seen of an area, and why.
    pub fn unseen(area: Area, why: &NetError) -> Self {
        Self {
            gaps: vec![why.gap(format!("/{}", area.key()))],
            ..Self::default()
        }
    }
}

/// One kind of exchange that a probe would make with a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedExchange {
    /// Area of the probe.
    pub area: Area,
    /// Whom it goes to, as `vote.example:443` or `resolver`.
    pub to: String,
    /// What is sent.
    pub what: String,
    /// Most times that it is sent.
    pub at_most: u32,
}

/// Schema of the facts type of a probe.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// JSON Schema of the facts of one probe, with its definitions in `$defs`.
pub fn area_schema(probe: &Probe) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = (probe.schema)(&mut generator).to_value();
    if let Some(object) = schema.as_object_mut() {
        let definitions = generator.take_definitions(true);
        object.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

/// Says what is wrong with facts that are not of the type of a probe.
///
/// # Errors
/// What is wrong, and in which fact of the area.
pub fn check_facts<T: DeserializeOwned>(facts: &Value) -> Result<(), String> {
    let Err(error) = T::deserialize(facts) else {
        return Ok(());
    };
    // The wrong fact is the one without which the others can be read, or fail otherwise.
    let culprit = facts.as_object().into_iter().flatten().find(|(key, _)| {
        let mut others = facts.clone();
        others.as_object_mut().map(|others| others.remove(*key));
        T::deserialize(&others).is_ok()
    });
    Err(match culprit {
        Some((key, _)) => format!("{}: {error}", clean(key, 60)),
        None => error.to_string(),
    })
}

/// JSON Schema of an observation with the facts of every probe.
///
/// Facts that may be unobserved are not required; a fact that may be `null`
/// was looked for and not there.
pub fn observation_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut properties = Map::new();
    let mut put = |name: &str, schema: Schema| {
        properties.insert(name.to_owned(), schema.to_value());
    };
    put(
        "schema",
        schemars::json_schema!({ "const": OBSERVATION_SCHEMA }),
    );
    put("target", generator.subschema_for::<Target>());
    put("observed_at", generator.subschema_for::<jiff::Timestamp>());
    put("conditions", generator.subschema_for::<Conditions>());
    put(
        "fact_versions",
        schemars::json_schema!({ "type": "object", "additionalProperties": { "type": "integer", "minimum": 1 } }),
    );
    put("gaps", generator.subschema_for::<Vec<Gap>>());
    put("evidence", generator.subschema_for::<Vec<Evidence>>());
    put("cost", generator.subschema_for::<Cost>());
    let required: Vec<String> = properties.keys().cloned().collect();
    for probe in REGISTRY {
        let schema = (probe.schema)(&mut generator);
        properties.insert(probe.area.key().to_owned(), schema.to_value());
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": OBSERVATION_SCHEMA,
        "title": "Observation",
        "description": "All facts about one target at one moment. `null`: looked for and not there. Absent: not observed, and a gap says why.",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "$defs": generator.take_definitions(true),
    })
}
