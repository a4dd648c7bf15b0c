//! The panel: names that are pinned before a window opens.

use serde_json::{Value, json};
use std::fs;

use crate::office::{Name, Place, files, names, run};

const IN_WINDOW: &str = "2026-09-10T08:00:00Z";
const DOCUMENT: &str = "office-a.2026H2.baseline.json";

fn place(all: &[Name]) -> Place {
    let place = Place::new();
    place.save("run.jsonl", &run(None, all, IN_WINDOW));
    place
}

fn panel_of(place: &Place, name: &str) -> Value {
    let bytes = fs::read(place.path(name)).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    document["predicate"]["panel"].clone()
}

#[test]
fn a_pinned_panel_says_what_is_complete_and_names_nobody() {
    let mut all = names("zone", "dns-zone", 10, 0, 0);
    all.extend(names("post", "mail-domain", 10, 0, 0));
    let place = place(&all);
    let (code, _, err) = place.pin(&["run.jsonl"], "office-a", "2026H2", "dns");
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("dns: 10 names, said to be complete"), "{err}");
    assert!(err.contains("mail: 10 names, said to be chosen"), "{err}");
    let kept = files(&place.path("state/scrutineer/panels"));
    assert_eq!(kept.len(), 1);
    let text = fs::read_to_string(&kept[0]).unwrap();
    assert!(!text.contains("example"), "{text}");
    // Nothing more is said at the cut: the panel says it.
    let (code, _, err) = place.create(&["run.jsonl"], &[]);
    assert_eq!(code, 0, "{err}");
    let expected = json!({ "dns": "complete", "mail": "chosen" });
    assert_eq!(panel_of(&place, DOCUMENT), expected);
    // The manifest, whose digest is signed, binds the panel.
    let manifests = files(&place.path("state/scrutineer/manifests"));
    let manifest: Value = serde_json::from_slice(&fs::read(&manifests[0]).unwrap()).unwrap();
    let told = err_digest(&place);
    assert_eq!(manifest["panel"], json!(told));
}

/// The digest of the panel that is kept, as `baseline panel` told it.
fn err_digest(place: &Place) -> String {
    let kept = files(&place.path("state/scrutineer/panels"));
    let bytes = fs::read(&kept[0]).unwrap();
    let pinned: scrutineer::baseline::panel::Pinned = serde_json::from_slice(&bytes).unwrap();
    pinned.digest()
}

#[test]
fn what_differs_from_the_panel_is_counted_and_refused() {
    let all = names("zone", "dns-zone", 12, 0, 0);
    let place = place(&all);
    assert_eq!(place.pin(&["run.jsonl"], "office-a", "2026H2", "dns").0, 0);
    // Two that fail are left out, and one is put in.
    let mut other = all[2..].to_vec();
    other.extend(names("new", "dns-zone", 1, 0, 0));
    place.save("run.jsonl", &run(None, &other, IN_WINDOW));
    let (code, _, err) = place.create(&["run.jsonl"], &[]);
    assert_eq!(code, 2);
    assert!(
        err.contains("dns: 2 of the panel in no run, 1 of the runs not in the panel"),
        "{err}"
    );
    assert!(!err.contains("example"), "{err}");
    assert!(!place.path(DOCUMENT).exists());
    let (code, _, err) = place.create(&["run.jsonl"], &["--panel-changed"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(panel_of(&place, DOCUMENT), json!({ "dns": "chosen" }));
}

#[test]
fn a_panel_is_pinned_before_its_window_opens() {
    let place = place(&names("zone", "dns-zone", 10, 0, 0));
    let pin = |at: &str, complete: &str| {
        place.call(&[
            "baseline",
            "panel",
            "-i",
            "panel.yaml",
            "--exchange",
            "exchange/exchange.yaml",
            "--participant",
            "office-a",
            "--period",
            "2026H2",
            "--complete",
            complete,
            "--at",
            at,
            "--state",
            "state/scrutineer",
        ])
    };
    fs::write(
        place.path("panel.yaml"),
        "targets: [{ name: a.example, roles: [dns-zone] }]\n",
    )
    .unwrap();
    let (code, _, err) = pin("2026-09-01T00:00:00Z", "dns");
    assert_eq!(code, 2);
    assert!(err.contains("a panel is pinned before"), "{err}");
    let (code, _, err) = pin("2026-08-31T23:59:59Z", "mail");
    assert_eq!(code, 2);
    assert!(err.contains("no name of kind mail"), "{err}");
    assert_eq!(pin("2026-08-30T00:00:00Z", "dns").0, 0);
    let (code, _, err) = pin("2026-08-31T00:00:00Z", "dns");
    assert_eq!(code, 0);
    assert!(err.contains("takes the place of the panel"), "{err}");
    // Without a panel nothing is complete.
    fs::remove_dir_all(place.path("state/scrutineer/panels")).unwrap();
    assert_eq!(place.create(&["run.jsonl"], &[]).0, 0);
    assert_eq!(panel_of(&place, DOCUMENT), json!({ "dns": "chosen" }));
}
