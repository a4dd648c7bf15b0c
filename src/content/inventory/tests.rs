use super::file::*;
use super::*;

fn inventory(text: &str) -> Inventory {
    read(&Source::new("inventory.yaml", text)).unwrap_or_else(|d| panic!("{d}"))
}

#[test]
fn an_inventory_is_read_whole() {
    let inventory = inventory(
        r#"
organisation: { name: Example County Clerk, country: NO }
contact: security@example.gov
authorisation: { by: A. Clerk, until: 2026-12-31, targets: [Vote.example.gov.] }
scope: { allow_private: false, domains: [Example.gov] }
targets:
  - name: https://vote.example.gov/register
    roles: [website, registration-portal]
    paths: [/register, /lookup]
    robots: ignore
    origin: [203.0.113.7, "2001:DB8:0::7"]
    pins: { ns: [NS1.example.gov.], a: [192.0.2.1], aaaa: ["2001:DB8:0::1"], mx: null }
  - example.gov
  - vote.example.gov:8443
"#,
    );
    let organisation = inventory.organisation.unwrap();
    assert_eq!(organisation.country.as_deref(), Some("NO"), "not false");
    assert_eq!(inventory.contact.as_deref(), Some("security@example.gov"));
    assert_eq!(inventory.scope.domains, ["example.gov"]);
    let [vote, apex, staging] = inventory.targets.as_slice() else {
        panic!("three targets")
    };
    assert_eq!(vote.paths, ["/register", "/lookup"]);
    assert_eq!(vote.pins.ns, Some(vec!["ns1.example.gov".to_owned()]));
    assert_eq!(vote.pins.aaaa, Some(vec!["2001:db8::1".to_owned()]));
    assert_eq!(vote.pins.mx, None);
    assert_eq!(vote.origin, ["203.0.113.7", "2001:db8::7"]);
    assert_eq!(vote.source.as_ref().map(|s| s.line), Some(7));
    assert!(apex.roles.contains(&Role::MailDomain));
    assert_eq!(staging.key(), "vote.example.gov:8443");
    let authorisation = inventory.authorisation.unwrap();
    let day = |text: &str| text.parse::<Date>().unwrap();
    assert!(authorisation.covers(vote, day("2026-12-31")));
    assert!(!authorisation.covers(vote, day("2027-01-01")));
    assert!(!authorisation.covers(apex, day("2026-01-01")));
}

#[test]
fn the_schema_has_the_keys_of_the_reader() {
    let schema = schemars::schema_for!(InventoryFile).to_value();
    let keys = |pointer: &str| -> BTreeSet<String> {
        let object = schema.pointer(pointer).and_then(|v| v.as_object());
        object.unwrap().keys().cloned().collect()
    };
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(keys("/properties"), set(&KEYS));
    for (name, known) in [
        ("Organisation", &ORGANISATION_KEYS[..]),
        ("AuthorisationFile", &AUTHORISATION_KEYS),
        ("ScopeFile", &SCOPE_KEYS),
        ("FullTarget", &TARGET_KEYS),
        ("Pins", &PIN_KEYS),
        ("PagePin", &PAGE_PIN_KEYS),
    ] {
        assert_eq!(keys(&format!("/$defs/{name}/properties")), set(known));
    }
    for (word, role) in ROLES {
        assert_eq!(word, role.key());
    }
}

#[test]
fn an_origin_is_an_address_of_a_website() {
    let cases = [
        (
            "{ name: a.example, origin: [origin.a.example] }",
            "is no address",
        ),
        ("{ name: a.example, origin: [] }", "is empty"),
        (
            "{ name: a.example, origin: [192.0.2.1, 192.0.2.1] }",
            "stands twice",
        ),
        (
            "{ name: a.example, roles: [mail-domain], origin: [192.0.2.1] }",
            "no role that is one",
        ),
    ];
    for (target, expected) in cases {
        let text = format!("targets:\n  - {target}\n");
        let faults = read(&Source::new("inventory.yaml", &text)).expect_err(target);
        let faults = faults.to_string();
        assert!(
            faults.contains(expected) && faults.contains("inventory.yaml:2"),
            "{faults}"
        );
    }
}
