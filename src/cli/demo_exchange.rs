//! The end of the demo: seven offices compare how they stand, with the
//! commands that real ones type. Whoever looks later finds every one of them
//! in the README of the folder.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    demo_script::{Script, paths, slots},
    exit::Trouble,
};
use crate::baseline::exchange::{DEMO, WINDOW_DAYS};
use crate::estate::toys::{OFFICES, Office};
use crate::model::{observation::Observation, run::RunHeader};
use crate::scan::facts;
use crate::store::{RunReader, RunWriter};

/// Folder of the exchange, below the one that the demo writes.
pub const FOLDER: &str = "exchange";
const README: &str = "README.md";
/// First line of the file by which a newer demo knows the folder of an older one.
const MARK: &str = "# The exchange of the demo";

/// Who hold the root keys.
const STEWARDS: [(&str, &str); 3] = [
    ("steward-1", "Exemplary office"),
    ("steward-2", "Average office"),
    ("steward-3", "Generated office with many names"),
];
/// The reader of the page: an office that has something to learn.
const READER: &str = "average";
/// The office that shows no cell, and compares itself with the aggregate.
const SMALL: &str = "generated-small";
/// The office that was observed poorly.
const SILENT: &str = "generated-silent";
/// Offices that look at why cells are hidden.
const EXPLAINED: [&str; 2] = [SILENT, "generated-pool"];

/// Takes away what an earlier demo left.
///
/// # Errors
/// When the folder is there and not from a demo.
pub fn clear(out: &Path) -> io::Result<()> {
    let folder = out.join(FOLDER);
    if !folder.exists() {
        return Ok(());
    }
    let readme = fs::read_to_string(folder.join(README));
    match readme.is_ok_and(|text| text.lines().next() == Some(MARK)) {
        true => fs::remove_dir_all(folder),
        false => Err(io::Error::other(format!(
            "{FOLDER} is there already and not from a demo; choose another folder with --out"
        ))),
    }
}

/// Runs the exchange on what the demo has scanned, and says what lies where.
///
/// # Errors
/// When a file cannot be written, or a command fails.
pub fn run(out: &Path, run: &Path) -> Result<String, Trouble> {
    let (header, seen) = scanned(run)?;
    let newest = seen.iter().map(|one| one.observed_at).max();
    let mut rehearsal = Rehearsal::new(out.join(FOLDER), newest.unwrap_or(header.started_at))?;
    rehearsal.readme()?;
    rehearsal.runs(&header, &seen)?;
    rehearsal.found()?;
    rehearsal.cut()?;
    rehearsal.accept()?;
    rehearsal.compare()?;
    rehearsal.readme()?;
    Ok(rehearsal.farewell())
}

fn scanned(run: &Path) -> Result<(RunHeader, Vec<Observation>), Trouble> {
    let mut reader = RunReader::open(run, &facts::known()).map_err(said)?;
    let mut seen = Vec::new();
    while let Some(observation) = reader.next_observation().map_err(said)? {
        seen.push(observation);
    }
    Ok((reader.header().clone(), seen))
}

struct Rehearsal {
    folder: PathBuf,
    period: String,
    opens: Date,
    /// When the exchange was founded, and when its window closed.
    founded: String,
    closed: String,
    script: Script,
}

impl Rehearsal {
    /// The window closes with the day of the scan, so that the offices need not wait for a month.
    fn new(folder: PathBuf, scanned: Timestamp) -> Result<Self, Trouble> {
        let day = scanned.to_zoned(TimeZone::UTC).date();
        let closes = day.checked_add(1.day()).map_err(said)?;
        let opens = closes.checked_sub(WINDOW_DAYS.days()).map_err(said)?;
        let founded = opens.checked_sub(1.day()).map_err(said)?;
        let half = if opens.month() <= 6 { 1 } else { 2 };
        Ok(Self {
            script: Script::new(&folder),
            folder,
            period: format!("{}H{half}", opens.year()),
            opens,
            founded: format!("{founded}T09:00:00Z"),
            closed: format!("{closes}T00:00:00Z"),
        })
    }

    fn shared(&self, name: &str) -> PathBuf {
        self.folder.join("shared").join(name)
    }

    fn document(&self, id: &str) -> PathBuf {
        self.shared(&self.period).join(format!("{id}.dsse.json"))
    }

    fn roster(&self, version: u32) -> PathBuf {
        self.shared(&format!("roster-{version}.dsse.json"))
    }

    /// A file that an office or a steward keeps to itself.
    fn own(&self, id: &str, name: &str) -> PathBuf {
        let whose = if id.starts_with("steward-") {
            "stewards"
        } else {
            "offices"
        };
        self.folder.join(whose).join(id).join(name)
    }

    /// What was said and done, before and after: without it, the folder is nobody's.
    fn readme(&self) -> Result<(), Trouble> {
        fs::create_dir_all(&self.folder).map_err(said)?;
        let text = format!(
            "{MARK}\n\n\
             Seven offices agreed on checks, a profile and a window, scanned their own names, and compare how they\n\
             stand, without showing which name fails. Everything here is made up: the exchange is called `{DEMO}`, its\n\
             keys are thrown away, most names are generated (`generated-...`), and no other exchange takes any of it.\n\
             The next `scrutineer demo` replaces this folder.\n\n\
             - `shared/` is what would lie in a repository that all can read: agreement, rosters, signed documents.\n\
             - `offices/ID/` is what each office keeps to itself: its runs, its key, and why cells are hidden.\n\
             - `stewards/` has the three root keys, of which two sign each roster.\n\
             - `pages/` is what readers see.\n\n\
             Until the day of the scan is over, `--at {}` says that its window has closed.\n\
             These commands were run in this folder, in this order:\n\n```sh\n{}```\n",
            self.closed,
            self.script.text()
        );
        fs::write(self.folder.join(README), text).map_err(said)
    }

    /// Writes the runs of the offices.
    fn runs(&mut self, header: &RunHeader, seen: &[Observation]) -> Result<(), Trouble> {
        for folder in [self.shared(&self.period), self.folder.join("pages")] {
            fs::create_dir_all(folder).map_err(said)?;
        }
        for (steward, _) in STEWARDS {
            fs::create_dir_all(self.own(steward, "")).map_err(said)?;
        }
        for office in &OFFICES {
            fs::create_dir_all(self.own(office.id, "")).map_err(said)?;
            let runs = office
                .runs(header, seen)
                .ok_or("the scan of the estate lacks an office")?;
            for (toy, path) in runs.iter().zip(self.run_files(office)) {
                let mut writer = RunWriter::create(&path, &toy.header).map_err(said)?;
                for observation in &toy.observations {
                    writer.write(observation).map_err(said)?;
                }
            }
            if office.organisations > 1 {
                let member = |index| {
                    format!(
                        "  - {{ organisation: \"{}\", consent: generated, since: {} }}\n",
                        office.organisation(index),
                        self.opens
                    )
                };
                let members: String = (0..office.organisations).map(member).collect();
                let text = format!("members:\n{members}");
                fs::write(self.own(office.id, "pool.yaml"), text).map_err(said)?;
            }
        }
        Ok(())
    }

    fn run_files(&self, office: &Office) -> Vec<PathBuf> {
        match office.organisations {
            1 => vec![self.own(office.id, "run.jsonl")],
            many => (1..=many)
                .map(|member| self.own(office.id, &format!("run-{member}.jsonl")))
                .collect(),
        }
    }

    /// Keys, the agreement, and the first roster.
    fn found(&mut self) -> Result<(), Trouble> {
        self.script
            .comment("Everybody makes a key. Real ones have a passphrase and no --simulated.");
        let stewards = STEWARDS.iter().map(|(id, _)| *id);
        let offices = OFFICES.iter().map(|office| office.id);
        for id in stewards.chain(offices) {
            let key = self.own(id, "key");
            let new = "keys new {} --comment {} --no-passphrase --simulated";
            self.script.call(new, &[&key, &id])?;
        }
        self.script
            .comment("They agree on a profile, a window, and what all measure with.");
        let pins = self.script.call("baseline pins", &[])?;
        let audience: Vec<&str> = OFFICES.iter().map(|office| office.id).collect();
        let agreement = format!(
            "id: {DEMO}\ntitle: Seven offices that are made up\nsimulated: true\nprofile: common-baseline\n\
             audience: [{}]\nperiods:\n  - id: {}\n    opens: {}\n{pins}",
            audience.join(", "),
            self.period,
            self.opens
        );
        let path = self.shared("exchange.yaml");
        fs::write(&path, agreement).map_err(said)?;

        self.script
            .comment("The first roster, signed by two stewards of three.");
        let (roster, founded) = (self.roster(1), self.founded.clone());
        let [one, two, three] = STEWARDS.map(|(id, organisation)| {
            let mut root = self.own(id, "key.pub").into_os_string();
            root.push("=");
            root.push(organisation);
            root
        });
        self.script.call(
            "roster init --exchange {} --root {} --root {} --root {} --at {} -o {}",
            &[&path, &one, &two, &three, &founded, &roster],
        )?;
        for office in &OFFICES {
            let key = self.own(office.id, "key.pub");
            self.script.call(
                "roster add {} --participant {} --name {} --key {}",
                &[&roster, &office.id, &office.name, &key],
            )?;
        }
        self.signed(&roster, ["steward-1", "steward-2"])?;
        self.script.comment(
            "Everybody was told the fingerprint of the root keys, and trusts the roster by it.",
        );
        let (state, closed) = (self.own("steward-3", "state"), self.closed.clone());
        let shown = self
            .script
            .call("roster show {} --state {}", &[&roster, &state])?;
        let fingerprint = shown
            .lines()
            .find_map(|line| line.strip_prefix("Fingerprint"))
            .ok_or("the roster shows no fingerprint")?
            .trim();
        for office in &OFFICES {
            let state = self.own(office.id, "state");
            self.script.call(
                "roster trust {} --fingerprint {} --as {} --at {} --state {}",
                &[&roster, &fingerprint, &office.id, &closed, &state],
            )?;
        }
        Ok(())
    }

    fn signed(&mut self, roster: &Path, stewards: [&str; 2]) -> Result<(), Trouble> {
        for steward in stewards {
            let (key, state) = (self.own(steward, "key"), self.own(steward, "state"));
            self.script.call(
                "roster sign {} --key {} --state {}",
                &[&roster, &key, &state],
            )?;
        }
        Ok(())
    }

    /// Every office judges its runs, and signs what may leave.
    fn cut(&mut self) -> Result<(), Trouble> {
        self.script.comment(
            "Each office judges its own runs, looks at what is hidden and why, and signs its cells.",
        );
        let (period, closed) = (self.period.clone(), self.closed.clone());
        let exchange = self.shared("exchange.yaml");
        for office in &OFFICES {
            let id = office.id;
            let runs = self.run_files(office);
            let [key, state, pool] = ["key", "state", "pool.yaml"].map(|name| self.own(id, name));
            let baseline = self.own(id, "baseline.json");
            let mut create = format!(
                "baseline create {} --exchange {{}} --participant {{}} --period {{}}",
                slots(&runs)
            );
            let mut arguments = paths(&runs);
            arguments.extend::<[&dyn AsRef<OsStr>; 3]>([&exchange, &office.id, &period]);
            if office.organisations > 1 {
                create.push_str(" --pool {}");
                arguments.push(&pool);
            }
            if EXPLAINED.contains(&id) {
                let explained = self
                    .script
                    .call(&format!("{create} --explain"), &arguments)?;
                fs::write(self.own(id, "explain.txt"), explained).map_err(said)?;
            }
            // One chose among its names, and one agrees to be named.
            create.push_str(match id {
                READER => " --complete=web",
                "exemplary" => " --complete=web,mail,dns --consent=named",
                _ => " --complete=web,mail,dns",
            });
            create.push_str(" --created {} --state {} -o {}");
            arguments.extend::<[&dyn AsRef<OsStr>; 3]>([&closed, &state, &baseline]);
            self.script.call(&create, &arguments)?;
            self.script.call(
                "baseline sign {} --key {} --state {} -o {}",
                &[&baseline, &key, &state, &self.document(id)],
            )?;
        }
        Ok(())
    }

    /// The stewards list the documents, and then the aggregate of them.
    fn accept(&mut self) -> Result<(), Trouble> {
        let closed = self.closed.clone();
        let documents: Vec<PathBuf> = OFFICES.iter().map(|one| self.document(one.id)).collect();
        let all = slots(&documents);
        self.script
            .comment("The stewards list the documents in the next roster, which two of them sign.");
        let (first, second, third) = (self.roster(1), self.roster(2), self.roster(3));
        let mut arguments = paths([&first].into_iter().chain(&documents));
        arguments.push(&closed);
        let accept = format!("roster accept {{}} {all} --as exemplary --at {{}}");
        self.script.call(&accept, &arguments)?;
        self.signed(&second, ["steward-1", "steward-3"])?;

        self.script.comment(
            "A reader verifies them, and counts how many reach 90 %; any other can count again.",
        );
        let state = self.own(READER, "state");
        let reader = "--at {} --state {} --roster {}";
        let mut arguments = paths(&documents);
        arguments.extend::<[&dyn AsRef<OsStr>; 3]>([&closed, &state, &second]);
        self.script
            .call(&format!("baseline verify {all} {reader}"), &arguments)?;
        let sums = self.own("steward-1", "aggregate.json");
        arguments.push(&sums);
        self.script.call(
            &format!("baseline aggregate {all} {reader} -o {{}}"),
            &arguments,
        )?;
        let document = self.document("aggregate");
        let (key, own) = (self.own("steward-1", "key"), self.own("steward-1", "state"));
        self.script.call(
            "baseline sign {} --key {} --state {} -o {}",
            &[&sums, &key, &own, &document],
        )?;
        self.script.call(
            "roster accept {} --aggregate {} --as exemplary --at {}",
            &[&second, &document, &closed],
        )?;
        self.signed(&third, ["steward-2", "steward-3"])?;
        let mut arguments = paths(&documents);
        arguments.extend::<[&dyn AsRef<OsStr>; 4]>([&closed, &state, &third, &document]);
        self.script.call(
            &format!("baseline aggregate {all} {reader} --check {{}}"),
            &arguments,
        )?;
        Ok(())
    }

    /// What readers see: one that holds all documents, and one that holds its run and the aggregate.
    fn compare(&mut self) -> Result<(), Trouble> {
        let closed = self.closed.clone();
        let [second, third] = [2, 3].map(|version| self.roster(version));
        self.script.comment(
            "An office too small to show a cell holds its run against the aggregate. Nothing leaves.",
        );
        let [run, state, page] =
            ["run.jsonl", "state", "own.html"].map(|name| self.own(SMALL, name));
        self.script.call(
            "roster trust {} {} --at {} --state {}",
            &[&second, &third, &closed, &state],
        )?;
        self.script.call(
            "baseline compare --aggregate {} --own {} --roster {} --at {} --state {} --format html -o {}",
            &[&self.document("aggregate"), &run, &third, &closed, &state, &page],
        )?;
        self.script
            .comment("An office reads how it stands among the others.");
        let documents: Vec<PathBuf> = OFFICES.iter().map(|one| self.document(one.id)).collect();
        let state = self.own(READER, "state");
        for (format, name) in [("markdown", "comparison.md"), ("html", "comparison.html")] {
            let page = self.folder.join("pages").join(name);
            let mut arguments = paths(&documents);
            arguments.extend::<[&dyn AsRef<OsStr>; 6]>([
                &READER, &third, &closed, &state, &format, &page,
            ]);
            let compare = format!(
                "baseline compare {} --me {{}} --roster {{}} --at {{}} --state {{}} --format {{}} -o {{}}",
                slots(&documents)
            );
            self.script.call(&compare, &arguments)?;
        }
        Ok(())
    }

    fn farewell(&self) -> String {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let own = |id: &str, name: &str| self.own(id, name).display().to_string();
        format!(
            "\nThen seven offices compared how they stand, without showing which name fails. They are made up, most\n\
             of their names generated, and their keys thrown away: no other exchange takes any of it.\n\n\
             {}   look here first: controls by office, in bands\n\
             {}   why its cells are hidden; this never leaves an office\n\
             {}   how 8 names that show no cell still see their place\n\
             {}   what all can read: agreement, rosters, signed documents\n\
             {}   every command that was run\n",
            path("pages/comparison.html"),
            own(SILENT, "explain.txt"),
            own(SMALL, "own.html"),
            path("shared"),
            path(README),
        )
    }
}

fn said(error: impl std::fmt::Display) -> Trouble {
    error.to_string().into()
}
