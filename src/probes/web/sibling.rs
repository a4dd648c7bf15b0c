//! The name with or without `www.`, which people type as often.

use std::net::IpAddr;
use url::Url;

use super::{facts::Scheme, jobs::Attempt, site::registrable, visit::Visitor};
use crate::{model::target::Target, net::NetError, probes::registry::ProbeContext};

/// What the other name answered, over HTTP and HTTPS on its first address.
pub(super) struct SiblingAnswers {
    pub(super) name: String,
    pub(super) attempts: Vec<Attempt>,
}

/// The other name of a website, if people would type it: `www.` in front of a registrable domain, and
/// that domain behind `www.`.
fn name_of(target: &Target) -> Option<String> {
    if target.port.is_some() || target.name.parse::<IpAddr>().is_ok() {
        return None;
    }
    let is_domain = |name: &str| registrable(name) == Some(name);
    match target.name.strip_prefix("www.") {
        Some(domain) => is_domain(domain).then(|| domain.to_owned()),
        None => is_domain(&target.name).then(|| format!("www.{}", target.name)),
    }
}

/// Asks the other name; `None` when there is none in DNS.
pub(super) async fn ask(
    context: ProbeContext<'_>,
    visitor: &Visitor<'_>,
) -> Result<Option<SiblingAnswers>, NetError> {
    let Some(name) = name_of(context.target) else {
        return Ok(None);
    };
    let set = context.session.addresses(&name).await?;
    let Some(address) = set
        .addresses
        .iter()
        .find(|address| address.may_connect.is_ok())
        .or(set.addresses.first())
    else {
        return match set.failures.first() {
            Some((_, error)) => Err(error.clone()),
            None => Ok(None),
        };
    };
    address.may_connect.clone()?;
    let mut attempts = Vec::new();
    for (scheme, word, port) in [(Scheme::Http, "http", 80), (Scheme::Https, "https", 443)] {
        let Ok(start) = format!("{word}://{name}/").parse::<Url>() else {
            continue;
        };
        let way = visitor.follow(&start, address.ip).await;
        attempts.push(Attempt {
            scheme,
            ip: address.ip,
            port,
            start,
            way,
        });
    }
    Ok(Some(SiblingAnswers { name, attempts }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::target;

    #[test]
    fn people_type_www_in_front_of_domains_alone() {
        let cases = [
            ("county.gov", Some("www.county.gov")),
            ("www.county.gov", Some("county.gov")),
            ("vote.county.gov", None),
            ("www.vote.county.gov", None),
            ("county.example.co.uk", None),
            ("192.0.2.1", None),
        ];
        for (name, expected) in cases {
            assert_eq!(name_of(&target(name)).as_deref(), expected, "{name}");
        }
    }
}
