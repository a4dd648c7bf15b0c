//! The part of SARIF 2.1.0 that is written; section numbers are those of the standard.

use serde::Serialize;

/// `sarifLog` (3.13).
#[derive(Serialize)]
pub struct Log<'a> {
    #[serde(rename = "$schema")]
    pub schema: &'a str,
    pub version: &'a str,
    pub runs: [Run; 1],
}

/// `run` (3.14).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub tool: Tool,
    pub automation_details: AutomationDetails,
    pub invocations: [Invocation; 1],
    pub results: Vec<SarifResult>,
    pub column_kind: &'static str,
    pub properties: RunProperties,
}

/// `runAutomationDetails` (3.17).
#[derive(Serialize)]
pub struct AutomationDetails {
    pub id: String,
}

/// Properties of our own on the run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunProperties {
    pub tlp: String,
    pub profile: String,
    pub profile_digest: String,
    pub pack_digest: String,
    pub as_of: String,
    pub results_left_out: u64,
}

/// `tool` (3.18).
#[derive(Serialize)]
pub struct Tool {
    pub driver: Driver,
}

/// `toolComponent` (3.19).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Driver {
    pub name: String,
    pub semantic_version: String,
    pub rules: Vec<Rule>,
}

/// `reportingDescriptor` (3.49).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    pub id: String,
    pub name: String,
    pub short_description: Text,
    pub full_description: Text,
    pub default_configuration: Configuration,
    pub help: Help,
    pub properties: RuleProperties,
}

/// `reportingConfiguration` (3.50).
#[derive(Serialize)]
pub struct Configuration {
    pub level: &'static str,
}

/// `multiformatMessageString` (3.12).
#[derive(Serialize)]
pub struct Help {
    pub text: String,
    pub markdown: String,
}

/// Properties that GitHub reads from a rule.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleProperties {
    pub tags: Vec<String>,
    pub precision: &'static str,
    pub security_severity: &'static str,
}

/// `message` (3.11) and `multiformatMessageString` (3.12) with plain text alone.
#[derive(Serialize)]
pub struct Text {
    pub text: String,
}

/// `result` (3.27).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SarifResult {
    pub rule_id: String,
    pub rule_index: usize,
    pub kind: &'static str,
    pub level: &'static str,
    pub message: Text,
    pub locations: [Location; 1],
    pub partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressions: Option<[Suppression; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_state: Option<&'static str>,
    pub properties: ResultProperties,
}

/// Values of `partialFingerprints` (3.27.17).
#[derive(Serialize)]
pub struct Fingerprints {
    #[serde(rename = "primaryLocationLineHash")]
    pub primary_location_line_hash: String,
    #[serde(rename = "scrutineerInstance/v1")]
    pub instance: String,
    #[serde(rename = "scrutineerFinding/v1")]
    pub finding: String,
}

/// `suppression` (3.35).
#[derive(Serialize)]
pub struct Suppression {
    pub kind: &'static str,
    pub status: &'static str,
    pub justification: String,
}

/// Properties of our own on a result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultProperties {
    pub target: String,
    pub verdict: String,
    pub effect: String,
    pub obligation: String,
    pub severity: String,
    pub control: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_asked: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub open_because: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<String>,
}

/// `location` (3.28).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    pub physical_location: PhysicalLocation,
    pub logical_locations: [LogicalLocation; 1],
}

/// `physicalLocation` (3.29).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhysicalLocation {
    pub artifact_location: ArtifactLocation,
    pub region: Region,
}

/// `artifactLocation` (3.4).
#[derive(Serialize)]
pub struct ArtifactLocation {
    pub uri: String,
}

/// `region` (3.30).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    pub start_line: u64,
}

/// `logicalLocation` (3.33).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogicalLocation {
    pub fully_qualified_name: String,
    pub kind: &'static str,
}

/// `invocation` (3.20).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocation {
    pub execution_successful: bool,
    pub exit_code: u8,
    pub exit_code_description: String,
    pub tool_execution_notifications: Vec<Notification>,
}

/// `notification` (3.58).
#[derive(Serialize)]
pub struct Notification {
    pub level: &'static str,
    pub message: Text,
}

impl Notification {
    /// A note of this level (3.58.6).
    pub fn new(level: &'static str, text: String) -> Self {
        Self {
            level,
            message: Text { text },
        }
    }
}
