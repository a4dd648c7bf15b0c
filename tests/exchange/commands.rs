//! From keys to pages: six offices over two periods, by the built program.

use scrutineer::baseline::{
    document::{Aggregate, Baseline, Statement},
    envelope::Envelope,
};
use scrutineer::model::cell::{Panel, Passing};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

use crate::office::{DATA, Place, names, run};

const OFFICES: [&str; 6] = [
    "office-a", "office-b", "office-c", "office-d", "office-e", "office-f",
];
/// Both windows have closed.
const NOW: &str = "2026-11-02T00:00:00Z";

/// Six offices of which five signed for both periods; `office-f` holds a run of its own alone.
struct Sea {
    place: Place,
}

impl Sea {
    fn new() -> Self {
        let sea = Self {
            place: Place::new(),
        };
        sea.agree();
        for key in ["s1", "s2", "s3"].into_iter().chain(OFFICES) {
            sea.good(&["keys", "new", key, "--no-passphrase"]);
        }
        sea.good(&[
            "roster",
            "init",
            "--exchange",
            "exchange/exchange.yaml",
            "-o",
            "exchange/roster-1.dsse.json",
            "--at",
            "2026-02-20T00:00:00Z",
            "--root",
            "s1.pub=One",
            "--root",
            "s2.pub=Two",
            "--root",
            "s3.pub=Three",
        ]);
        for office in OFFICES {
            let key = format!("{office}.pub");
            sea.good(&[
                "roster",
                "add",
                "exchange/roster-1.dsse.json",
                "--participant",
                office,
                "--name",
                office,
                "--key",
                &key,
            ]);
        }
        sea.signed(1);
        let shown = sea.good(&["roster", "show", "exchange/roster-1.dsse.json"]);
        let line = shown
            .lines()
            .find(|line| line.starts_with("Fingerprint"))
            .unwrap();
        let fingerprint = line.split_whitespace().nth(1).unwrap();
        sea.good(&[
            "roster",
            "trust",
            "exchange/roster-1.dsse.json",
            "--fingerprint",
            fingerprint,
            "--as",
            "office-a",
            "--at",
            "2026-03-01T00:00:00Z",
            "--state",
            "state/scrutineer",
        ]);
        sea.documents();
        sea
    }

    fn agree(&self) {
        let path = self.place.path("exchange/exchange.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let audience = OFFICES.join(", ");
        let text = text.replace(
            "audience: [office-a, office-b]",
            &format!("audience: [{audience}]"),
        );
        fs::write(path, text).unwrap();
    }

    fn good(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.place.call(arguments);
        assert_eq!(code, 0, "{arguments:?}\n{err}");
        out
    }

    fn signed(&self, version: u32) {
        let roster = format!("exchange/roster-{version}.dsse.json");
        for key in ["s1", "s3"] {
            self.good(&["roster", "sign", &roster, "--key", key]);
        }
    }

    /// `office-a` cuts its documents from runs; the others stand as told here.
    fn documents(&self) {
        use Passing::{Below50, From50To90, From90};
        for (period, at, [pass, fail], others) in [
            (
                "2026H1",
                "2026-03-05T00:00:00Z",
                [4, 7],
                [From90, From50To90, Below50, From90],
            ),
            (
                "2026H2",
                "2026-09-05T00:00:00Z",
                [9, 3],
                [From90, From50To90, From90, Below50],
            ),
        ] {
            let mut all = names("zone", "dns-zone", pass, fail, 0);
            all.extend(names("post", "mail-domain", 14, 0, 0));
            self.place.save("run.jsonl", &run(None, &all, at));
            let own = format!("office-a.{period}.json");
            let more = [
                "--period",
                period,
                "--created",
                "2026-11-01T00:00:00Z",
                "--complete",
                "dns",
                "--consent",
                "named",
                "-o",
                &own,
            ];
            let (code, _, err) = self.place.create(&["run.jsonl"], &more);
            assert_eq!(code, 0, "{err}");
            let bytes = fs::read(self.place.path(&own)).unwrap();
            let first: Statement<Baseline> = serde_json::from_slice(&bytes).unwrap();
            for (office, passing) in OFFICES[1..].iter().zip(others) {
                let mut statement = first.clone();
                let baseline = &mut statement.predicate;
                baseline.participant = (*office).to_owned();
                baseline.consents.named = false;
                baseline
                    .panel
                    .values_mut()
                    .for_each(|panel| *panel = Panel::Complete);
                for cell in &mut baseline.cells {
                    cell.passing = passing;
                }
                if *office == "office-e" && period == "2026H2" {
                    // What it shows of mail is judged in another way.
                    for cell in baseline.cells.iter_mut().filter(|cell| is_mail(cell)) {
                        cell.entry = "0e".repeat(32);
                    }
                    baseline.cells.sort_by(|one, other| {
                        (&one.entry, one.kind).cmp(&(&other.entry, other.kind))
                    });
                }
                statement.check().unwrap();
                let path = self.place.path(&format!("{office}.{period}.json"));
                fs::write(path, statement.to_bytes()).unwrap();
            }
            for office in &OFFICES[..5] {
                let plain = format!("{office}.{period}.json");
                let signed = format!("exchange/{office}.{period}.dsse.json");
                self.good(&["baseline", "sign", &plain, "--key", office, "-o", &signed]);
            }
        }
    }

    /// Names of the signed documents.
    fn files(periods: &[&str]) -> Vec<String> {
        let file = |period| {
            let of = move |office: &&str| format!("exchange/{office}.{period}.dsse.json");
            OFFICES[..5].iter().map(of)
        };
        periods.iter().flat_map(file).collect()
    }

    /// The stewards list documents in the next version.
    fn accept(&self, version: u32, files: &[String], more: &[&str]) {
        let roster = format!("exchange/roster-{version}.dsse.json");
        let mut arguments = vec!["roster", "accept", &roster];
        arguments.extend(files.iter().map(String::as_str));
        arguments.extend(["--as", "office-b", "--at", NOW]);
        arguments.extend(more);
        self.good(&arguments);
        self.signed(version + 1);
    }

    /// A command on documents, read by `office-a` or whom the arguments name.
    fn read(
        &self,
        command: &str,
        version: u32,
        files: &[String],
        more: &[&str],
    ) -> (i32, String, String) {
        let roster = format!("exchange/roster-{version}.dsse.json");
        let mut arguments = vec!["baseline", command];
        arguments.extend(files.iter().map(String::as_str));
        arguments.extend(["--roster", &roster, "--at", NOW]);
        if !more.contains(&"--state") {
            arguments.extend(["--state", "state/scrutineer"]);
        }
        arguments.extend(more);
        self.place.call(&arguments)
    }

    fn json(&self, version: u32, files: &[String], more: &[&str]) -> Value {
        let more = [more, &["--format", "json"]].concat();
        let (code, out, err) = self.read("compare", version, files, &more);
        assert_eq!(code, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    }
}

fn is_mail(cell: &scrutineer::model::cell::Cell) -> bool {
    cell.rows.iter().any(|row| row.row == "control#MAIL-01")
}

fn row<'v>(comparison: &'v Value, name: &str, kind: &str) -> &'v Value {
    let rows = comparison["rows"].as_array().unwrap();
    let of = |row: &&Value| row["rows"][0]["row"] == name && row["kind"] == kind;
    rows.iter().find(of).unwrap()
}

#[test]
fn documents_are_compared_in_every_format() {
    let sea = Sea::new();
    let both = Sea::files(&["2026H1", "2026H2"]);
    sea.accept(1, &both, &[]);
    let (code, _, err) = sea.read("verify", 2, &both, &[]);
    assert_eq!(
        (code, err.matches(": accepted: ").count()),
        (0, 10),
        "{err}"
    );

    let all = sea.json(2, &both, &["--me", "office-a"]);
    assert_eq!(all["tlp"], "TLP:AMBER");
    assert_eq!(all["columns"].as_array().unwrap().len(), 10);
    // 9 of 12 pass: of the others of 2026H2, two reach 90 %, one is in the same band, one below.
    let zones = row(&all, "control#DNS-01", "dns");
    let own = &zones["own"];
    assert_eq!(own["passing"], "50-89");
    let place = ["above", "below", "next_to", "same"].map(|key| own[key].as_u64().unwrap());
    assert_eq!(place, [2, 1, 3, 1]);
    assert_eq!(own["from_run"], false);
    let newest = zones["reach"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (newest["reach"].as_u64(), newest["participants"].as_u64()),
        (Some(2), Some(5))
    );
    // Trends are of one participant, up and down, for entries that did not change.
    let number = all["rows"]
        .as_array()
        .unwrap()
        .iter()
        .position(|row| row == zones)
        .unwrap();
    let columns = all["columns"].as_array().unwrap();
    let mut trends = BTreeSet::new();
    for trend in all["trends"].as_array().unwrap() {
        let [from, to] = ["from", "to"].map(|key| &columns[trend[key].as_u64().unwrap() as usize]);
        assert_eq!(from["participant"], to["participant"]);
        assert_eq!(
            (&from["period"], &to["period"]),
            (&"2026H1".into(), &"2026H2".into())
        );
        if trend["row"] == number {
            let who = from["participant"].as_str().unwrap().to_owned();
            let moved = (
                trend["rose"].as_bool().unwrap(),
                trend["neighbours"].as_bool().unwrap(),
            );
            trends.insert((who, moved));
        }
    }
    let expected = [
        ("office-a", (true, true)),
        ("office-d", (true, false)),
        ("office-e", (false, false)),
    ];
    assert_eq!(
        trends,
        expected.map(|(who, moved)| (who.to_owned(), moved)).into()
    );
    // What is judged otherwise is listed, and in no row.
    let listed = all["not_compared"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["reason"], "judged_differently");
    assert_eq!(listed[0]["rows"][0]["row"], "control#MAIL-01");
    let numbers = listed[0]["columns"].as_array().unwrap();
    let who =
        |number: usize| ["participant", "period"].map(|key| columns[number][key].as_str().unwrap());
    let alone = ["office-e", "2026H2"];
    let listed: Vec<_> = numbers
        .iter()
        .map(|number| who(number.as_u64().unwrap() as usize))
        .collect();
    assert_eq!(listed, [alone]);
    let mail = row(&all, "control#MAIL-01", "mail");
    let cells = mail["cells"].as_array().unwrap().iter().enumerate();
    let without: Vec<_> = cells
        .filter(|(_, cell)| cell.is_null())
        .map(|(number, _)| who(number))
        .collect();
    assert_eq!(without, [alone]);
    assert_eq!(
        columns[0]["marks"],
        serde_json::json!(["chosen_panel"]),
        "mail was chosen"
    );

    for (format, words) in [
        (
            "table",
            [
                "TLP:AMBER",
                "2 of 5 reach 90 %",
                "Since the period before",
                "Not compared",
            ],
        ),
        (
            "markdown",
            [
                "TLP:AMBER",
                "| Entry | Kind |",
                "2 of 5 reach 90 %",
                "## Not compared",
            ],
        ),
        (
            "html",
            ["TLP:AMBER", "<table", "2 of 5 reach 90", "@media print"],
        ),
        (
            "csv",
            [
                "period,participant,kind",
                "TLP:AMBER",
                "self-declared",
                "control#DNS-01",
            ],
        ),
    ] {
        let (code, out, err) = sea.read(
            "compare",
            2,
            &both,
            &["--me", "office-a", "--format", format],
        );
        assert_eq!(code, 0, "{err}");
        for word in words {
            assert!(out.contains(word), "{format} lacks {word}: {out}");
        }
        assert!(!out.contains("zone0.example"), "{format}");
        if format == "csv" {
            let mut table = csv::Reader::from_reader(out.as_bytes());
            let records: Vec<_> = table.records().map(Result::unwrap).collect();
            // Three cells of five documents and two periods, but for one that is not compared.
            assert_eq!(records.len(), 29);
            assert!(records.iter().all(|record| record.len() == 14));
        }
        if format == "html" {
            // Read by its words: every band stands in its cell, and nothing is loaded.
            assert!(out.contains("<50") || out.contains("&lt;50"), "{out}");
            assert!(!out.contains("<script") && !out.contains("http:"), "{out}");
        }
        // The same bytes again, into a file, whatever the order of the documents.
        let mut turned = both.clone();
        turned.reverse();
        let file = format!("page.{format}");
        let more = ["--me", "office-a", "--format", format, "-o", &file];
        assert_eq!(sea.read("compare", 2, &turned, &more).0, 0);
        assert_eq!(
            fs::read_to_string(sea.place.path(&file)).unwrap(),
            out,
            "{format}"
        );
    }
}

#[test]
fn what_is_pending_withdrawn_or_refused_is_not_compared() {
    let sea = Sea::new();
    let files = Sea::files(&["2026H2"]);
    sea.accept(1, &files[..3], &[]);
    // Two are pending: told, and left out.
    let (code, out, err) = sea.read("compare", 2, &files, &["--format", "json"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(err.matches("pending").count(), 4, "{err}");
    let three: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(three["columns"].as_array().unwrap().len(), 3);
    // A withdrawn entry is listed with its reason.
    let digest = row(&three, "control#DNS-01", "dns")["entry"]
        .as_str()
        .unwrap()
        .to_owned();
    sea.good(&[
        "roster",
        "withdraw",
        "exchange/roster-2.dsse.json",
        &digest,
        "--entry",
        "--reason",
        "the check was wrong",
        "--at",
        NOW,
    ]);
    sea.signed(3);
    let three = sea.json(3, &files[..3], &[]);
    let listed = three["not_compared"].as_array().unwrap();
    assert!(
        listed
            .iter()
            .any(|one| one["reason"] == "withdrawn" && one["entry"] == *digest)
    );
    // A forged document ends it: exit 1, and nothing is shown.
    let path = sea.place.path(&files[1]);
    let text = fs::read_to_string(&path).unwrap();
    let mut envelope = Envelope::read(text.as_bytes()).unwrap();
    envelope.payload.push(b' ');
    fs::write(&path, envelope.write().unwrap()).unwrap();
    let (code, out, err) = sea.read("compare", 3, &files[..3], &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("office-b.2026H2.dsse.json: refused: bad signature"),
        "{err}"
    );
}

#[test]
fn an_aggregate_is_counted_again_and_a_forged_one_is_found_out() {
    let sea = Sea::new();
    let files = Sea::files(&["2026H2"]);
    sea.accept(1, &files, &[]);
    let (code, _, err) = sea.read("aggregate", 2, &files, &["-o", "sums.json"]);
    assert_eq!(code, 0, "{err}");
    let bytes = fs::read(sea.place.path("sums.json")).unwrap();
    let sums: Statement<Aggregate> = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(sums.to_bytes(), bytes, "canonical");
    let cells = sums.predicate.cells.iter();
    let cells: Vec<(&str, u64, u64)> = cells
        .map(|cell| (cell.rows[0].row.as_str(), cell.reach, cell.participants))
        .collect();
    // Of mail four show the same entry: too few.
    assert!(cells.contains(&("control#DNS-01", 2, 5)), "{cells:?}");
    assert!(
        cells.iter().all(|cell| cell.0 != "control#MAIL-01"),
        "{cells:?}"
    );
    assert_eq!(
        sums.predicate.named,
        BTreeSet::from(["office-a".to_owned()])
    );
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(
        OFFICES[1..].iter().filter(|id| text.contains(**id)).count() <= 5,
        "the audience alone"
    );
    // Public only where everybody allows it.
    let (code, _, err) = sea.read("aggregate", 2, &files, &["--clear", "-o", "clear.json"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("does not allow aggregates to be TLP:CLEAR"),
        "{err}"
    );

    // Any holder computes the same; another number, another set of documents is found out.
    let check = |file: &str, files: &[String]| sea.read("aggregate", 2, files, &["--check", file]);
    let (code, _, err) = check("sums.json", &files);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("the same"), "{err}");
    let (code, _, err) = check("sums.json", &files[1..]);
    assert_eq!(code, 1);
    assert!(err.contains("which is not among the files"), "{err}");
    type Forge = fn(&mut Aggregate);
    let forgeries: [Forge; 3] = [
        |sums| sums.cells[0].reach += 1,
        |sums| drop(sums.cells.pop()),
        |sums| sums.named.extend(["office-b".to_owned()]),
    ];
    for (number, forge) in forgeries.into_iter().enumerate() {
        let mut forged = sums.clone();
        forge(&mut forged.predicate);
        let name = format!("forged-{number}.json");
        fs::write(sea.place.path(&name), forged.to_bytes()).unwrap();
        // Signed by who may sign it, it is forged all the same.
        sea.good(&["baseline", "sign", &name, "--key", "s1", "--state", "other"]);
        let (code, _, err) = check(&format!("forged-{number}.dsse.json"), &files);
        assert_eq!(code, 1);
        assert!(
            err.contains("computing the aggregate again gives another one"),
            "{err}"
        );
    }
    // One that is made from what the roster does not list is not accepted.
    let mut alien = sums.clone();
    let gone = alien.predicate.payloads.pop_first().unwrap();
    alien.predicate.payloads.insert("ab".repeat(32));
    alien.subject = alien
        .predicate
        .payloads
        .iter()
        .map(|digest| scrutineer::baseline::document::Subject::new("payload", digest))
        .collect();
    assert_ne!(gone, "ab".repeat(32));
    fs::write(sea.place.path("alien.json"), alien.to_bytes()).unwrap();
    sea.good(&["baseline", "sign", "alien.json", "--key", "s1"]);
    let accept = [
        "roster",
        "accept",
        "exchange/roster-2.dsse.json",
        "alien.dsse.json",
        "--aggregate",
        "--as",
        "office-b",
        "--at",
        NOW,
    ];
    let (code, _, err) = sea.place.call(&accept);
    assert_eq!(code, 1);
    assert!(err.contains("which the roster does not list"), "{err}");

    an_office_with_a_run_alone_sees_its_place(&sea);
}

/// `office-f` signed nothing and holds no baseline: its run, and the aggregate.
fn an_office_with_a_run_alone_sees_its_place(sea: &Sea) {
    sea.good(&[
        "baseline",
        "sign",
        "sums.json",
        "--key",
        "s1",
        "-o",
        "exchange/sums.dsse.json",
    ]);
    sea.accept(2, &["exchange/sums.dsse.json".to_owned()], &["--aggregate"]);
    let shown = sea.good(&["roster", "show", "exchange/roster-3.dsse.json"]);
    let line = shown
        .lines()
        .find(|line| line.starts_with("Fingerprint"))
        .unwrap();
    let fingerprint = line.split_whitespace().nth(1).unwrap();
    sea.good(&[
        "roster",
        "trust",
        "exchange/roster-3.dsse.json",
        "--fingerprint",
        fingerprint,
        "--as",
        "office-f",
        "--at",
        NOW,
        "--state",
        "f",
    ]);
    let few = names("few", "dns-zone", 2, 1, 0);
    sea.place
        .save("own.jsonl", &run(None, &few, "2026-10-20T00:00:00Z"));
    let checks = format!("{DATA}/checks");
    let profiles = format!("{DATA}/profiles");
    let more = [
        "--aggregate",
        "exchange/sums.dsse.json",
        "--own",
        "own.jsonl",
        "--state",
        "f",
        "--checks",
        &checks,
        "--profiles",
        &profiles,
    ];
    let page = sea.json(3, &[], &more);
    assert_eq!(page["tlp"], "TLP:AMBER+STRICT");
    let zones = row(&page, "control#DNS-01", "dns");
    assert_eq!(zones["own"]["passing"], "50-89", "2 of 3, however few");
    assert_eq!(zones["own"]["from_run"], true);
    let reach = &zones["reach"][0];
    assert_eq!(
        (&reach["reach"], &reach["participants"]),
        (&2.into(), &5.into())
    );
    assert_eq!(reach["from_aggregate"], true);
    let (code, out, err) = sea.read("compare", 3, &[], &more);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("2 of 5 reach 90 %"), "{out}");
    // A holder of the baselines sees the others' bands beside its run as well.
    let more = [&more[2..4], &more[6..]].concat();
    let files = Sea::files(&["2026H2"]);
    let page = sea.json(3, &files, &more);
    assert_eq!(page["tlp"], "TLP:AMBER+STRICT");
    let own = &row(&page, "control#DNS-01", "dns")["own"];
    let place = ["above", "below", "same"].map(|key| own[key].as_u64().unwrap());
    assert_eq!(place, [2, 1, 2]);
    // Nobody else learns of it.
    let (code, _, _) = sea.read("verify", 3, &["own.jsonl".to_owned()], &[]);
    assert_eq!(code, 1);
}
