//! How a front page scores by the public algorithm of the MDN HTTP Observatory.
//!
//! Names of results, numbers and rules are those of the Observatory; it looks at the front page
//! alone. Where a fact that a test needs was not observed, the test and so the score are not
//! computed. The list of names that browsers hold for HSTS is not looked at: a name on it would
//! get `hsts-preloaded`.

mod csp;
mod results;
mod site;

use self::site::Site;
use super::typed;
use crate::model::{
    level::Area,
    observation::Observation,
    observatory::{ObservatoryScore, ObservatoryTest},
    seen::Seen,
};
use crate::probes::web::facts::WebFacts;

/// The name of a result, or why there is none.
type Outcome = Result<&'static str, &'static str>;

/// Fills `web.observatory`.
pub(super) fn join(observation: &mut Observation) {
    let Some(mut web) = typed::<WebFacts>(observation, Area::Web) else {
        return;
    };
    web.observatory = Seen::Known(score(&web));
    if let Ok(value) = serde_json::to_value(&web) {
        observation.facts.insert(Area::Web, value);
    }
}

fn score(web: &WebFacts) -> ObservatoryScore {
    let site = Site::of(web);
    let tests: Vec<ObservatoryTest> = TESTS
        .iter()
        .map(|(name, test)| {
            let outcome = site.as_ref().map_err(|why| *why).and_then(test);
            ObservatoryTest {
                test: (*name).to_owned(),
                modifier: outcome.map_or(0, results::modifier),
                result: outcome.ok().map(str::to_owned),
                not_computed: outcome.err().map(str::to_owned),
            }
        })
        .collect();
    let missing = tests.iter().filter(|test| test.result.is_none()).count();
    let not_computed = match (&site, missing) {
        (_, 0) => None,
        (Err(why), _) => Some((*why).to_owned()),
        (Ok(_), count) => Some(format!("{count} of its tests could not be computed")),
    };
    let number = not_computed.is_none().then(|| total(&tests));
    ObservatoryScore {
        algorithm: results::ALGORITHM,
        score: number,
        grade: number.map(|score| results::grade(score).to_owned()),
        not_computed,
        tests,
    }
}

/// From 100 down; what is added counts only where the rest leaves 90 and more.
fn total(tests: &[ObservatoryTest]) -> u32 {
    let sum =
        |modifiers: &mut dyn Iterator<Item = i32>| modifiers.fold(100i32, i32::saturating_add);
    let taken = sum(&mut tests.iter().map(|test| test.modifier.min(0)));
    let score = match taken >= results::EXTRA_CREDIT_FROM {
        true => sum(&mut tests.iter().map(|test| test.modifier)),
        false => taken,
    };
    u32::try_from(score).unwrap_or(0)
}

/// The tests in the order of the Observatory.
#[allow(clippy::type_complexity, reason = "a table of a name and a function")]
const TESTS: [(&str, fn(&Site<'_>) -> Outcome); 10] = [
    ("content-security-policy", |site| {
        site.csp().map(|csp| csp.result)
    }),
    ("cookies", |site| site.cookies()),
    ("cross-origin-resource-sharing", |site| site.sharing()),
    ("redirection", |site| site.redirection()),
    ("referrer-policy", |site| site.referrer()),
    ("strict-transport-security", |site| site.hsts()),
    ("subresource-integrity", |site| site.integrity()),
    ("x-content-type-options", |site| site.sniffing()),
    ("x-frame-options", |site| site.framing()),
    ("cross-origin-resource-policy", |site| {
        site.resource_policy()
    }),
];

#[cfg(test)]
mod tests;
