//! SPF records and what they include.

use serde_json::{Value, json};

use super::{facts, gaps, names, observe};

#[tokio::test]
async fn spf_records() {
    // zone, all, sends, number of look-ups, problems
    let cases: Vec<(&str, Value, bool, usize, Vec<&str>)> = vec![
        ("\"v=spf1 -all\"", json!("fail"), false, 0, vec![]),
        ("\"v=spf1\"", Value::Null, true, 0, vec![]),
        ("\"v=spf1 +all\"", json!("pass"), true, 0, vec!["plus_all"]),
        (
            "\"v=spf1 redirect=b.example\"\nb.example. IN TXT \"v=spf1 mx ~all\"",
            json!("softfail"),
            true,
            2,
            vec![],
        ),
        (
            "\"v=spf1 redirect=b.example\"\nb.example. IN TXT \"v=spf1 redirect=c.example\"\nc.example. IN TXT \"v=spf1 -all\"",
            json!("fail"),
            true,
            2,
            vec![],
        ),
        (
            "\"v=spf1 redirect=b.example\"",
            Value::Null,
            true,
            1,
            vec!["redirect_without_spf"],
        ),
        (
            "\"v=spf1 include:b.example ?all\"",
            json!("neutral"),
            true,
            1,
            vec!["include_without_spf"],
        ),
        (
            "\"v=spf1 include:county.example -all\"",
            json!("fail"),
            true,
            1,
            vec!["include_loop"],
        ),
        (
            "\"v=spf1 include:b.example -all\"\nb.example. IN TXT \"v=spf1 include:county.example -all\"",
            json!("fail"),
            true,
            2,
            vec!["include_loop"],
        ),
        (
            "\"v=spf1 include:b.example -all\"\nb.example. IN TXT \"v=spf1 +all\"",
            json!("fail"),
            true,
            1,
            vec!["plus_all", "include_passes_all"],
        ),
        (
            "\"v=spf1 -all\"\ncounty.example. IN TXT \"v=spf1 mx -all\"",
            json!("fail"),
            true,
            0,
            vec!["multiple_records"],
        ),
        (
            "\"v=spf1 mx -all include:b.example\"",
            json!("fail"),
            true,
            1,
            vec!["terms_after_all"],
        ),
        (
            "\"v=spf1 foo ip4:300.1.1.1 -all\"",
            json!("fail"),
            true,
            0,
            vec!["unknown_mechanism", "syntax"],
        ),
        (
            "\"v=spf1 include:a..b.example -all\"",
            json!("fail"),
            true,
            1,
            vec!["invalid_name"],
        ),
    ];
    for (zone, all, sends, lookups, problems) in cases {
        let report = observe(&format!("county.example. IN TXT {zone}"), &[]).await;
        assert_eq!(gaps(&report), [""; 0], "{zone}");
        let spf = &facts(&report)["spf"];
        assert_eq!(spf["all"], all, "{zone}");
        assert_eq!(facts(&report)["sends"], sends, "{zone}");
        assert_eq!(
            spf["lookups"].as_array().map(Vec::len),
            Some(lookups),
            "{zone}"
        );
        assert_eq!(names(&spf["problems"]), problems, "{zone}");
    }
    let report = observe("county.example. IN TXT \"no spf\"", &[]).await;
    assert_eq!(
        (&facts(&report)["spf"], &facts(&report)["sends"]),
        (&Value::Null, &json!(true))
    );
}

#[tokio::test]
async fn a_tree_without_end_is_cut_and_says_so() {
    let mut zone = "county.example. IN TXT \"v=spf1 include:n0.example -all\"\n".to_owned();
    for n in 0..60 {
        let terms: String = (0..6).map(|k| format!(" a:h{n}x{k}.example")).collect();
        zone += &format!(
            "n{n}.example. IN TXT \"v=spf1{terms} include:n{}.example -all\"\n",
            n + 1
        );
    }
    let report = observe(&zone, &[]).await;
    let lookups = facts(&report)["spf"]["lookups"].as_array().map(Vec::len);
    assert_eq!(lookups, Some(super::super::SPF_LOOKUPS_MAX));
    assert!(gaps(&report).contains(&"/mail/spf/lookups/-"));
    assert_eq!(facts(&report)["spf"]["all"], "fail");
}
