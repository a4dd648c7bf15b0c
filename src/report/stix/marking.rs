//! The marking definitions of the Traffic Light Protocol 2.0, which OASIS
//! publishes with fixed ids for STIX 2.1 (cti-stix-common-objects,
//! extension-definition-specifications/tlp-2.0).

use serde_json::{Value, json};

use crate::model::tlp::Tlp;

/// The extension by which a marking definition is one of TLP 2.0.
const EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// The id of the marking definition of a label.
pub fn marking(label: Tlp) -> &'static str {
    match label {
        Tlp::Clear => "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
        Tlp::Green => "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Tlp::Amber => "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Tlp::AmberStrict => "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
        Tlp::Red => "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
}

/// The marking definition of a label, as OASIS publishes it.
pub fn definition(label: Tlp) -> Value {
    let level = label.key().trim_start_matches("TLP:").to_lowercase();
    json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": marking(label),
        "created": "2022-10-01T00:00:00.000Z",
        "name": label.key(),
        "extensions": { EXTENSION: { "extension_type": "property-extension", "tlp_2_0": level } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_name_their_level() {
        let levels: Vec<String> = Tlp::ALL
            .into_iter()
            .map(|label| definition(label)["extensions"][EXTENSION]["tlp_2_0"].to_string())
            .collect();
        let expected = ["clear", "green", "amber", "amber+strict", "red"];
        assert_eq!(levels, expected.map(|level| format!("\"{level}\"")));
    }
}
