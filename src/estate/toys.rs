//! The offices of the demo's exchange: the three of the estate, each with more
//! names than were scanned, and four that are made up altogether.
//!
//! A generated name is a copy of what was seen of an office of the estate,
//! under a name that begins with `generated-`, without evidence and without
//! cost, since nobody asked anything. Its website, its mail and its zone may
//! come from different offices: a careless one that mended its mail, say.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    gap::{Gap, GapReason},
    level::Area,
    observation::{Cost, Observation},
    run::RunHeader,
    target::Target,
};

/// An office of the estate, which generated names are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Like {
    Exemplary,
    Average,
    Neglected,
}

use Like::{Average, Exemplary, Neglected};

impl Like {
    fn domain(self) -> &'static str {
        match self {
            Self::Exemplary => "exemplary.example",
            Self::Average => "average.example",
            Self::Neglected => "neglected.example",
        }
    }

    /// First label of its registration portal.
    fn portal(self) -> &'static str {
        match self {
            Self::Exemplary => "vote",
            Self::Average | Self::Neglected => "register",
        }
    }
}

/// Several names that are alike.
struct Towns {
    count: usize,
    web: Like,
    mail: Like,
    dns: Like,
    /// What of them is made: a site with mail and zone, a portal, or a site that did not answer.
    made: Made,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Site,
    Portal,
    Silent,
}

const fn towns(count: usize, [web, mail, dns]: [Like; 3]) -> Towns {
    Towns {
        count,
        web,
        mail,
        dns,
        made: Made::Site,
    }
}

const fn portals(count: usize, like: Like) -> Towns {
    Towns {
        count,
        web: like,
        mail: like,
        dns: like,
        made: Made::Portal,
    }
}

const fn silent(count: usize, like: Like) -> Towns {
    Towns {
        count,
        web: like,
        mail: like,
        dns: like,
        made: Made::Silent,
    }
}

/// A participant of the demo's exchange.
pub struct Office {
    /// Its id in the exchange.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The organisations that it counts; several are a pool.
    pub organisations: usize,
    seen: Option<Like>,
    towns: &'static [Towns],
}

/// The participants, in the order in which they join.
pub const OFFICES: [Office; 7] = [
    Office {
        id: "exemplary",
        name: "Exemplary office (2 names scanned, 12 generated)",
        organisations: 1,
        seen: Some(Exemplary),
        towns: &[towns(12, [Exemplary; 3])],
    },
    Office {
        id: "average",
        name: "Average office (2 names scanned, 13 generated)",
        organisations: 1,
        seen: Some(Average),
        towns: &[
            towns(5, [Average; 3]),
            towns(5, [Average, Exemplary, Average]),
            towns(3, [Exemplary, Average, Exemplary]),
        ],
    },
    Office {
        id: "neglected",
        name: "Neglected office (3 names scanned, 13 generated)",
        organisations: 1,
        seen: Some(Neglected),
        towns: &[
            towns(8, [Neglected; 3]),
            towns(3, [Neglected, Exemplary, Neglected]),
            towns(2, [Average, Neglected, Exemplary]),
        ],
    },
    Office {
        id: "generated-large",
        name: "Generated office with many names",
        organisations: 1,
        seen: None,
        towns: &[
            towns(14, [Exemplary; 3]),
            towns(4, [Average, Exemplary, Exemplary]),
            towns(4, [Exemplary, Average, Neglected]),
            towns(2, [Neglected, Average, Exemplary]),
            portals(10, Exemplary),
        ],
    },
    Office {
        id: "generated-pool",
        name: "Generated pool of five small offices",
        organisations: 5,
        seen: None,
        towns: &[
            towns(5, [Exemplary; 3]),
            towns(5, [Average, Average, Exemplary]),
            towns(5, [Exemplary, Average, Average]),
        ],
    },
    Office {
        id: "generated-small",
        name: "Generated office with 8 names",
        organisations: 1,
        seen: None,
        towns: &[
            towns(4, [Exemplary; 3]),
            towns(4, [Average, Exemplary, Average]),
        ],
    },
    Office {
        id: "generated-silent",
        name: "Generated office of which 4 of 15 websites did not answer",
        organisations: 1,
        seen: None,
        towns: &[
            towns(6, [Exemplary; 3]),
            towns(5, [Average, Exemplary, Exemplary]),
            silent(4, Exemplary),
        ],
    },
];

/// A run of an office, as `scan --save` would have written it.
#[derive(Debug)]
pub struct ToyRun {
    /// Its header.
    pub header: RunHeader,
    /// Its observations, in the order of its targets.
    pub observations: Vec<Observation>,
}

impl Office {
    /// Whether all its names are generated.
    pub fn is_generated(&self) -> bool {
        self.seen.is_none()
    }

    /// How the organisations of the office are called in its runs.
    pub fn organisation(&self, index: usize) -> String {
        match self.organisations {
            1 => self.name.to_owned(),
            _ => format!("{}, member {}", self.name, index + 1),
        }
    }

    /// Its runs, one for each organisation, from a scan of the estate.
    /// `None` when the estate was not seen as this office needs it.
    pub fn runs(&self, header: &RunHeader, seen: &[Observation]) -> Option<Vec<ToyRun>> {
        let seen: BTreeMap<&str, &Observation> = seen
            .iter()
            .map(|observation| (observation.target.name.as_str(), observation))
            .collect();
        let mut runs: Vec<Vec<Observation>> = vec![Vec::new(); self.organisations];
        if let (Some(like), Some(first)) = (self.seen, runs.first_mut()) {
            let below = format!(".{}", like.domain());
            let own = |name: &str| name == like.domain() || name.ends_with(&below);
            let own = seen.iter().filter(|(name, _)| own(name));
            first.extend(own.map(|(_, observation)| (*observation).clone()));
        }
        let all = self
            .towns
            .iter()
            .flat_map(|towns| (0..towns.count).map(move |_| towns));
        for (index, towns) in all.enumerate() {
            let domain = format!("generated-{}-{:02}.example", self.stem(), index + 1);
            let run = runs.get_mut(index % self.organisations)?;
            run.push(observation(towns, &domain, &seen)?);
        }
        let of_organisation = |(index, observations): (usize, Vec<Observation>)| ToyRun {
            header: RunHeader {
                organisation: Some(self.organisation(index)),
                targets: observations.iter().map(|one| one.target.clone()).collect(),
                ..header.clone()
            },
            observations,
        };
        Some(runs.into_iter().enumerate().map(of_organisation).collect())
    }

    /// The id without its mark, which stands in front of the names already.
    fn stem(&self) -> &'static str {
        self.id.strip_prefix("generated-").unwrap_or(self.id)
    }
}

/// What would have been seen of a town.
fn observation(
    towns: &Towns,
    domain: &str,
    seen: &BTreeMap<&str, &Observation>,
) -> Option<Observation> {
    let name_of = |like: Like| match towns.made {
        Made::Portal => format!("{}.{}", like.portal(), like.domain()),
        Made::Site | Made::Silent => like.domain().to_owned(),
    };
    let of = |area: Area| match area {
        Area::Tls | Area::Web => towns.web,
        Area::Mail => towns.mail,
        Area::Dns => towns.dns,
    };
    let first = *seen.get(name_of(towns.web).as_str())?;
    let mail = *seen.get(name_of(towns.mail).as_str())?;
    let mut made = Observation {
        target: Target {
            name: name_of(towns.web).replace(towns.web.domain(), domain),
            dkim_selectors: mail.target.dkim_selectors.clone(),
            source: None,
            ..first.target.clone()
        },
        gaps: Vec::new(),
        evidence: Vec::new(),
        cost: Cost::default(),
        facts: BTreeMap::new(),
        ..first.clone()
    };
    let mut gaps = BTreeSet::new();
    for area in Area::ALL {
        let like = of(area);
        let from = *seen.get(name_of(like).as_str())?;
        let place = format!("/{}", area.key());
        if towns.made == Made::Silent && matches!(area, Area::Tls | Area::Web) {
            gaps.insert(Gap {
                at: place,
                reason: GapReason::Timeout,
                detail: Some("generated: as if nobody had answered".to_owned()),
            });
            continue;
        }
        if let Some(facts) = from.facts.get(&area) {
            made.facts
                .insert(area, renamed(facts, like.domain(), domain));
        }
        let below = format!("{place}/");
        let here = |gap: &&Gap| gap.at == place || gap.at.starts_with(&below);
        gaps.extend(from.gaps.iter().filter(here).cloned());
        made.observed_at = made.observed_at.max(from.observed_at);
    }
    made.gaps = gaps.into_iter().collect();
    Some(made)
}

/// The facts with another domain in every text.
fn renamed(facts: &Value, from: &str, to: &str) -> Value {
    match facts {
        Value::String(text) => Value::String(text.replace(from, to)),
        Value::Array(items) => items.iter().map(|item| renamed(item, from, to)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), renamed(value, from, to)))
            .collect(),
        other => other.clone(),
    }
}
