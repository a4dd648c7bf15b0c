//! The check of a message (RFC 7208 section 4).

use super::{
    client::Client,
    evaluation::{Evaluation, Place},
    macros::{DomainSpec, is_macro_string},
    question::{Kind, LookUp, Question, Reply, Verdict, is_name},
};

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The result; what DNS did not answer is [`Verdict::TempError`].
    pub result: Verdict,
    /// What the domain says of a fail (section 6.2), if it says something that
    /// can be read. It comes from the domain: clean it before it is shown.
    pub explanation: Option<String>,
    /// Terms with a look-up that were evaluated, in their order.
    pub lookups: Vec<LookUp>,
    /// Questions whose answer is not known yet. The rest holds once there are none.
    pub unasked: Vec<Question>,
}

/// Checks whether a client may send for a domain (`check_host`, section 4).
///
/// `lookup` answers what is known. As long as [`Checked::unasked`] is not
/// empty, the result is not final: ask these questions, and check again.
pub fn check_host(domain: &str, client: &Client, lookup: &dyn Fn(&Question) -> Reply) -> Checked {
    let mut evaluation = Evaluation::new(lookup, Some(client), &client.domain);
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    // Section 4.3: no domain name with several labels, no result.
    if !is_name(domain) || !domain.contains('.') {
        return Checked {
            result: Verdict::None,
            explanation: None,
            lookups: Vec::new(),
            unasked: Vec::new(),
        };
    }
    let (outcome, _) = evaluation.domain(Place {
        domain,
        way: &[],
        above: &[],
    });
    let result = outcome.verdict.unwrap_or(Verdict::TempError);
    let explanation = match (result, outcome.explanation) {
        (Verdict::Fail, Some((spec, domain))) => explanation(&mut evaluation, &spec, &domain),
        _ => None,
    };
    Checked {
        result,
        explanation,
        lookups: evaluation.lookups,
        unasked: evaluation.unasked,
    }
}

/// The text of an explanation; any fault is as if there were none (section 6.2).
fn explanation(evaluation: &mut Evaluation<'_>, spec: &DomainSpec, domain: &str) -> Option<String> {
    let name = evaluation.expand(spec, domain)?;
    let Reply::Texts(texts) = evaluation.ask(&name, Kind::Texts) else {
        return None;
    };
    let [text] = texts.as_slice() else {
        return None;
    };
    let text = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.is_ascii())?;
    if !is_macro_string(text, true) {
        return None;
    }
    evaluation.expand_text(text, domain)
}
