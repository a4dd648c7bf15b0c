//! The three offices: which servers each one has, and what is wrong with them.

mod average;
mod exemplary;
mod neglected;
mod neglected_zone;

#[cfg(test)]
pub(super) use exemplary::portal as exemplary_portal;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{
    EstateError,
    authority::{Authority, Leaf, LeafKey, Signer},
    dns::ZonePlan,
    listener::Server,
    lists::List,
    mended::Mended,
    smtp::Greeter,
    tls::{Age, Front},
    web::Site,
};

/// The name servers: zones, and the addresses at which they are served.
pub(super) const NAME_SERVERS: &[(&[&str], &[&str])] = &[
    (&["."], &["203.0.113.1"]),
    (
        &["example."],
        &["203.0.113.2", "198.51.100.2", "2001:db8:53::2"],
    ),
    (
        &[
            "exemplary.example.",
            "average.example.",
            "neglected.example.",
        ],
        &[
            "192.0.2.53",
            "198.51.100.53",
            "2001:db8:1::53",
            "2001:db8:2::53",
            "198.51.100.61",
            "198.51.100.62",
            "203.0.113.10",
            "192.0.2.61",
            "2001:db8:3::53",
            "2001:db8:4::53",
        ],
    ),
];

/// Everything that is to be served.
pub(super) struct Plan {
    /// Web and mail servers.
    pub services: Vec<Service>,
    /// Zones from the root down.
    pub zones: Vec<ZonePlan>,
    /// The front of the registry, which stands at [`REGISTRY`].
    pub registry: Front,
}

/// Where the registry of the offices' domains is asked.
pub(super) const REGISTRY: (&str, u16) = ("203.0.113.82", 443);

/// A server and the documented addresses that it is reached at.
pub(super) struct Service {
    /// Addresses with their ports.
    pub addresses: &'static [(&'static str, u16)],
    /// The server.
    pub server: Server,
}

/// Lays out the estate, with fresh keys and certificates.
pub(super) fn plan(authority: &Authority, mended: &Mended) -> Result<Plan, EstateError> {
    let mut services = Vec::new();
    let mut add = |addresses, server| services.push(Service { addresses, server });
    let issue = |names: &[&str], key, age_days, lifetime_days, signer| {
        authority.issue(&Leaf {
            names,
            key,
            age_days,
            lifetime_days,
            signer,
        })
    };

    // Exemplary: certificates of 90 days, renewed ten days ago.
    let good = |names: &[&str]| issue(names, LeafKey::Ecdsa, 10, 90, Signer::Intermediate);
    let site = || Site {
        answer: exemplary::website,
        mended: Mended::default(),
    };
    let portal = || Site {
        answer: exemplary::portal,
        mended: Mended::default(),
    };
    let identity = good(&[
        "exemplary.example",
        "www.exemplary.example",
        "mta-sts.exemplary.example",
    ])?;
    add(
        &[("192.0.2.10", 80), ("2001:db8:1::10", 80)],
        Server::Http(site()),
    );
    add(
        &[("192.0.2.10", 443), ("2001:db8:1::10", 443)],
        Server::Https(site(), Front::new(&identity, Age::Current)?),
    );
    let identity = good(&["vote.exemplary.example"])?;
    add(
        &[
            ("192.0.2.11", 80),
            ("192.0.2.12", 80),
            ("2001:db8:1::11", 80),
        ],
        Server::Http(portal()),
    );
    add(
        &[
            ("192.0.2.11", 443),
            ("192.0.2.12", 443),
            ("2001:db8:1::11", 443),
        ],
        Server::Https(portal(), Front::new(&identity, Age::Current)?),
    );
    let exchanger = good(&["mx1.exemplary.example"])?;
    add(
        &[("192.0.2.25", 25), ("2001:db8:1::25", 25)],
        Server::Smtp(Greeter {
            host: "mx1.exemplary.example",
            banner: "ESMTP",
            starttls: Some(Front::new(&exchanger, Age::Current)?),
        }),
    );

    // Average: one wildcard certificate for everything, bought for 397 days
    // when that was still allowed, with nine days left.
    let identity = issue(
        &["average.example", "*.average.example"],
        LeafKey::Rsa,
        388,
        397,
        Signer::Intermediate,
    )?;
    let site = || Site {
        answer: average::website,
        mended: Mended::default(),
    };
    let portal = || Site {
        answer: average::portal,
        mended: Mended::default(),
    };
    let front = Front::new(&identity, Age::Settled)?;
    add(&[("198.51.100.10", 80)], Server::Http(site()));
    add(
        &[("198.51.100.10", 443)],
        Server::Https(site(), front.clone()),
    );
    add(&[("198.51.100.11", 80)], Server::Http(portal()));
    add(
        &[("198.51.100.11", 443)],
        Server::Https(portal(), front.clone()),
    );
    add(
        &[("198.51.100.25", 25)],
        Server::Smtp(Greeter {
            host: "mail.average.example",
            banner: "ESMTP Postfix",
            starttls: Some(front),
        }),
    );

    let exchanger_key = neglected::services(authority, mended, &mut add)?;
    let list = List(authority.revocation_list()?);
    add(&[("203.0.113.81", 80)], Server::List(list));

    let identity = good(&["rdap.registry.example"])?;
    Ok(Plan {
        services,
        registry: Front::new(&identity, Age::Current)?,
        zones: zones(&exchanger.public_key, &exchanger_key, mended),
    })
}

/// The zones; `exemplary_key` and `neglected_key` are the public keys that TLSA
/// records of the exchangers name (RFC 6698).
fn zones(exemplary_key: &[u8], neglected_key: &[u8], mended: &Mended) -> Vec<ZonePlan> {
    let plan = |origin, text: &str, signed| ZonePlan {
        origin,
        text: text.to_owned(),
        signed,
    };
    let exemplary = include_str!("../zones/exemplary.zone")
        .replace("{{mx-key}}", &hex(&Sha256::digest(exemplary_key)));
    let neglected_key = hex(&Sha256::digest(neglected_key));
    vec![
        plan(".", include_str!("../zones/root.zone"), true),
        plan("example.", &neglected_zone::above(mended), true),
        plan("exemplary.example.", &exemplary, true),
        plan(
            "average.example.",
            include_str!("../zones/average.zone"),
            false,
        ),
        plan(
            "neglected.example.",
            &neglected_zone::zone(mended, &neglected_key),
            mended.has("dnssec"),
        ),
    ]
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The time in so many days, to the second, as security.txt wants it (RFC 9116 section 2.5.5).
pub(super) fn in_days(days: i64) -> String {
    let later = Timestamp::now() + SignedDuration::from_hours(days.saturating_mul(24));
    later.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
