use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

#[test]
fn policies_count_in_the_head_alone() {
    let meta = "<meta http-equiv=Content-Security-Policy content=\"default-src 'self'\">";
    let cases = [
        (format!("<!doctype html><html><head>{meta}</head><body>"), 1),
        (meta.to_owned(), 1),
        (
            format!(" \n<title>a < b</title><script>x</script>{meta}{meta}"),
            2,
        ),
        (format!("<head></head>{meta}<body>"), 1),
        (format!("<html><body>{meta}"), 0),
        (format!("<head><div>{meta}"), 0),
        (format!("<head>text{meta}"), 0),
        (format!("<head><img src=x>{meta}"), 0),
        (format!("<head><noscript>{meta}</noscript>"), 0),
        (format!("<head><template>{meta}</template>"), 0),
        (format!("<head><template><p></template>{meta}"), 1),
        (format!("<head><!-- {meta} -->"), 0),
        (format!("<head><script>'{meta}'</script>"), 0),
        (format!("<head><style>{meta}</style>"), 0),
    ];
    for (html, count) in cases {
        assert_eq!(parse(&html).csp.len(), count, "{html}");
    }
}

#[test]
fn forms_hold_their_fields_with_labels() {
    let document = parse(
        r#"<title> Voter
           look-up </title>
        <form id=lookup METHOD=POST action="/find">
          <label for=b>Date of <b>birth</b></label> <input id=b name=dob>
          <label>Surname <input name=sn> </label>
          <fieldset><legend>Your address</legend><input name=street aria-label="Street"></fieldset>
          <table><tr><td>Zip code</td><td><input name=z></td></tr></table>
          <select name=m><option>January</option></select>
          <form action=/evil><input name=inner></form>
          <input name=after>
        <button form=lookup name=go>Go</button>
        <form><input type=HIDDEN name=t value=1><textarea name=x><input name=no></textarea>
        <template><input name=inert></template></form>
        <input name=loose>"#,
    );
    assert_eq!(document.title, "Voter look-up");
    let names = |fields: &[Field]| {
        fields
            .iter()
            .filter_map(|field| field.name.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(document.forms.len(), 2, "{:#?}", document.forms);
    let lookup = &document.forms[0];
    assert_eq!(
        (lookup.method.as_str(), lookup.action.as_deref()),
        ("post", Some("/find"))
    );
    // The end tag of the inner form ends the outer one, so `after` is loose.
    assert_eq!(names(&lookup.fields), "dob sn street z m inner go");
    assert_eq!(names(&document.forms[1].fields), "t x");
    assert_eq!(names(&document.loose_fields), "after loose");
    let field = |at: usize| &lookup.fields[at];
    assert_eq!(field(0).label.as_deref(), Some("Date of birth"));
    assert_eq!(field(1).label.as_deref(), Some("Surname"));
    assert_eq!(field(2).label.as_deref(), Some("Street"));
    assert_eq!(field(2).legend.as_deref(), Some("Your address"));
    assert_eq!(field(3).before, "Zip code");
    assert_eq!(field(3).legend, None);
    assert_eq!(field(4).input_type, "select");
    assert_eq!(field(6).input_type, "submit");
    assert_eq!(document.forms[1].fields[0].input_type, "hidden");
}

#[test]
fn parts_are_told_apart() {
    let document = parse(
        r#"<base href=/a/><base href=/b/>
        <script src=/x.js integrity=sha256-AA crossorigin></script><script>inline()</script>
        <script type="application/ld+json" src=/data.json></script><script type=module src=/m.js></script>
        <link rel="preload stylesheet" href=/s.css><link rel=canonical href=/c>
        <img src=/i.png><img src=/j.png srcset="/k.png 2x, /l.png 3x"><picture><img src=/p.png></picture>
        <iframe src=/f></iframe><object data=/o></object><video src=/v poster=/w></video>
        <a href=/register>Register <i>now</i></a><a name=x>no link</a>
        <input type=image src=/go.png><noscript><img src=/track.gif></noscript>"#,
    );
    assert_eq!(document.base.as_deref(), Some("/a/"));
    let scripts: Vec<_> = document
        .scripts
        .iter()
        .map(|script| {
            (
                script.src.as_str(),
                script.integrity.is_some(),
                script.crossorigin,
            )
        })
        .collect();
    assert_eq!(scripts, [("/x.js", true, true), ("/m.js", false, true)]);
    let parts: Vec<_> = document
        .resources
        .iter()
        .map(|part| (part.element, part.url.as_str(), part.blockable))
        .collect();
    assert_eq!(
        parts,
        [
            ("link", "/s.css", true),
            ("img", "/i.png", false),
            ("img", "/j.png", true),
            ("img", "/k.png", true),
            ("img", "/l.png", true),
            ("img", "/p.png", true),
            ("iframe", "/f", true),
            ("object", "/o", true),
            ("video", "/v", false),
            ("video", "/w", false),
            ("input", "/go.png", false),
        ]
    );
    let link = Link {
        href: "/register".to_owned(),
        text: "Register now".to_owned(),
    };
    assert_eq!(document.links, [link]);
}

#[test]
fn refreshes_are_read() {
    let cases = [
        (
            "0; url=https://a.example/",
            Some((0, Some("https://a.example/"))),
        ),
        ("5;URL='/x y'", Some((5, Some("/x y")))),
        ("3.9, /next", Some((3, Some("/next")))),
        (" 10 ", Some((10, None))),
        ("1 url = \"/q\" rest", Some((1, Some("/q")))),
        ("0;url", Some((0, Some("url")))),
        ("x; url=/a", None),
        ("", None),
        ("5x", None),
    ];
    for (content, expected) in cases {
        let content_trimmed = parse_refresh(content.trim_end());
        assert_eq!(content_trimmed, expected, "{content}");
    }
}

#[test]
fn a_million_tags_cost_one_pass() {
    let start = Instant::now();
    for html in [
        "<a href=x>".repeat(1_000_000),
        "<form><input name=a>".repeat(100_000),
        "<template>".repeat(100_000),
        "<label>x".repeat(100_000),
        "<script src=x></script>".repeat(50_000),
        format!("<p {}>", "a=1 ".repeat(200_000)),
        "<!--".repeat(200_000),
        "</a b=c>".repeat(100_000),
    ] {
        let document = parse(&html);
        assert!(document.links.len() <= MAX_LINKS && document.forms.len() <= MAX_FORMS);
    }
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    let many = parse(&"<form><input name=a></form><a href=x>".repeat(3_000));
    assert!(many.cut.forms && many.cut.links && !many.cut.scripts);
}

proptest! {
    #[test]
    fn any_text_is_read(text in "\\PC{0,300}") {
        let _ = parse(&text);
        let _ = parse_refresh(&text);
    }

    #[test]
    fn any_mixture_of_tags_is_read(
        parts in proptest::collection::vec(
            "<(/)?(form|input|label|select|template|meta|a|title|legend|script|picture)( (for|id|form|name|type|src|href)=[a-c\"']{0,3}){0,3}>|[a-z \u{e9}]{0,5}",
            0..40,
        )
    ) {
        let _ = parse(&parts.concat());
    }
}
