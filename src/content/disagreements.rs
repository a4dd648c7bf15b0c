//! `guidance/disagreements.yaml`: points on which guidelines take different positions.

use std::collections::BTreeMap;

use super::Content;
use super::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use super::files::FoundFile;
use super::reader::{Reader, Text};
use super::source::Place;
use super::yaml::{self, Limits, Node};
use crate::model::disagreement::{Disagreement, Position};

/// Name of the file, below `guidance`.
pub(super) const NAME: &str = "disagreements";
const SCHEMA: &str = "scrutineer-disagreements/1";

impl Content {
    /// The points on which guidelines differ, in the order of their file.
    ///
    /// # Errors
    /// Everything that is wrong with the file, unknown requirements and controls included.
    pub fn disagreements(&self) -> Result<Vec<Disagreement>, Diagnostics> {
        match self.guidance.file(NAME) {
            Some(file) => read(file, self),
            None => Ok(Vec::new()),
        }
    }
}

fn read(file: &FoundFile, content: &Content) -> Result<Vec<Disagreement>, Diagnostics> {
    let root = yaml::parse(&file.source, Limits::CONTENT)?;
    let mut reader = Reader::new(&file.source);
    let mut found = Vec::new();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    let keys = ["schema", "title", "disagreements"];
    if let Some(fields) = reader.fields(&root, "a file of disagreements", &keys, &keys) {
        if let Some(node) = fields.get("schema") {
            reader.word(node, "schema", &[(SCHEMA, ())]);
        }
        let items = fields
            .get("disagreements")
            .and_then(|node| reader.list(node, "disagreements"))
            .unwrap_or_default();
        for item in items {
            let Some((id, disagreement)) = disagreement(&mut reader, item, content) else {
                continue;
            };
            let place = reader.place(&id.span);
            match seen.get(&id.value) {
                Some(first) => reader.problems.push(
                    Diagnostic::error(
                        place,
                        format!("the disagreement `{}` stands twice", id.value),
                    )
                    .also(first.clone(), "it stands here first"),
                ),
                None => {
                    seen.insert(id.value, place);
                    found.push(disagreement);
                }
            }
        }
    }
    if reader.problems.has_errors() {
        Err(reader.problems)
    } else {
        Ok(found)
    }
}

fn disagreement(
    reader: &mut Reader,
    node: &Node,
    content: &Content,
) -> Option<(Text, Disagreement)> {
    let keys = ["id", "topic", "why_it_matters", "controls", "positions"];
    let fields = reader.fields(node, "a disagreement", &keys, &keys)?;
    let id = reader.text_at(&fields, "id");
    let topic = reader.text_at(&fields, "topic");
    let why = reader.text_at(&fields, "why_it_matters");
    let controls = fields
        .get("controls")
        .map(|node| reader.texts(node, "controls"))
        .unwrap_or_default();
    for control in &controls {
        if content.control(&control.value).is_none() {
            let known = content
                .controls
                .iter()
                .map(|known| known.control.id.as_str());
            reader.error_help(
                &control.span,
                format!("there is no control `{}`", control.value),
                did_you_mean(&control.value, known),
            );
        }
    }
    let positions = fields
        .get("positions")
        .and_then(|node| reader.list(node, "positions"))
        .unwrap_or_default()
        .iter()
        .filter_map(|node| position(reader, node, content))
        .collect();
    let id = id?;
    let disagreement = Disagreement {
        id: id.value.clone(),
        topic: topic?.value,
        why_it_matters: why?.value,
        controls: controls.into_iter().map(|text| text.value).collect(),
        positions,
    };
    Some((id, disagreement))
}

fn position(reader: &mut Reader, node: &Node, content: &Content) -> Option<Position> {
    let keys = ["position", "requirements"];
    let fields = reader.fields(node, "a position", &keys, &keys)?;
    let position = reader.text_at(&fields, "position");
    let rows = fields
        .get("requirements")
        .map(|node| reader.texts(node, "requirements"))
        .unwrap_or_default();
    for row in &rows {
        match content.guidance.row(&row.value) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let message = format!("there is no requirement `{}`", row.value);
                let help = content.guidance.suggest(&row.value);
                reader.error_help(&row.span, message, help);
            }
            Err(more) => reader.problems.extend(more.clone()),
        }
    }
    Some(Position {
        position: position?.value,
        requirements: rows.into_iter().map(|text| text.value).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::source::Source;

    fn with(text: &str) -> Result<Vec<Disagreement>, String> {
        let mut content = Content::load(&[], &[]).unwrap();
        content.guidance.add(FoundFile {
            path: "guidance/disagreements.yaml".to_owned(),
            source: Source::new("mine/guidance/disagreements.yaml", text),
            embedded: false,
        });
        content.disagreements().map_err(|faults| faults.to_string())
    }

    #[test]
    fn what_is_part_of_the_program_names_known_rows_and_controls() {
        let content = Content::load(&[], &[]).unwrap();
        let all = content
            .disagreements()
            .unwrap_or_else(|faults| panic!("{}", faults.render(false, 120)));
        assert_eq!(all.len(), 25);
        assert_eq!(all[0].id, "D-01");
        assert_eq!(all[0].positions[2].position, "only the latest version");
    }

    #[test]
    fn unknown_rows_controls_and_keys_are_errors_at_their_place() {
        let good = "schema: scrutineer-disagreements/1
title: x
disagreements:
  - id: D-01
    topic: versions
    why_it_matters: it does
    controls: [TLS-01]
    positions:
      - position: only the latest version
        requirements: [au-ism#ism-1139]
";
        assert_eq!(with(good).unwrap().len(), 1);
        for (from, to, at, message) in [
            ("TLS-01", "TLS-99", ":7:16", "there is no control `TLS-99`"),
            (
                "au-ism#ism-1139",
                "au-ism#ism-1138",
                ":10:24",
                "there is no requirement `au-ism#ism-1138` (did you mean",
            ),
            (
                "au-ism#ism-1139",
                "au-isn#ism-1139",
                ":10:24",
                "(did you mean `au-ism`?)",
            ),
            ("topic:", "topics:", ":5:5", "unknown key `topics`"),
            ("schema: scrutineer", "schema: other", ":1:9", "`schema`"),
            ("it does", "''", ":6:21", "`why_it_matters` is empty"),
        ] {
            let faults = with(&good.replace(from, to)).unwrap_err();
            assert!(faults.contains(at), "{faults}");
            assert!(faults.contains(message), "{faults}");
        }
        let (_, one) = good.split_once("disagreements:\n").unwrap();
        let faults = with(&format!("{good}{one}")).unwrap_err();
        assert!(faults.contains("`D-01` stands twice"), "{faults}");
    }
}
