use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What a reader says of a text, without the place.
fn fault(text: impl AsRef<[u8]>) -> &'static str {
    match read(text.as_ref()) {
        Ok(_) => "fine",
        Err(Fault::TooLarge) => "too large",
        Err(Fault::NotUtf8(_)) => "not UTF-8",
        Err(Fault::Syntax(..)) => "syntax",
        Err(Fault::TooDeep(_)) => "too deep",
        Err(Fault::TooMany) => "too many",
        Err(Fault::RepeatedKey(..)) => "repeated",
        Err(Fault::Float(_)) => "float",
        Err(Fault::LargeInteger(_)) => "large",
        Err(Fault::Trailing(_)) => "trailing",
        Err(Fault::NotCanonical) => "not canonical",
        Err(Fault::Content(_)) => "content",
    }
}

#[test]
fn what_means_different_things_to_different_parsers_is_refused() {
    let cases: [(&str, &str); 34] = [
        (r#"{"a":1,"a":1}"#, "repeated"),
        (r#"{"a":1,"\u0061":2}"#, "repeated"),
        (r#"[{"x":{"b":null,"b":null}}]"#, "repeated"),
        ("1.0", "float"),
        ("[1e2]", "float"),
        ("-0", "float"),
        ("0.1", "float"),
        ("9007199254740991", "fine"),
        ("-9007199254740991", "fine"),
        ("9007199254740992", "large"),
        ("-9007199254740992", "large"),
        ("18446744073709551616", "large"),
        ("123456789012345678901234567890", "large"),
        ("01", "syntax"),
        ("+1", "syntax"),
        ("-", "syntax"),
        ("NaN", "syntax"),
        ("{}{}", "trailing"),
        ("null,", "trailing"),
        ("{} \n\t\r", "fine"),
        ("\u{feff}{}", "syntax"),
        ("", "syntax"),
        ("[1,]", "syntax"),
        ("[1", "syntax"),
        (r#"{"a"}"#, "syntax"),
        (r#"{"a":1,}"#, "syntax"),
        ("{a:1}", "syntax"),
        ("'a'", "syntax"),
        ("\"a\nb\"", "syntax"),
        (r#""\ud800""#, "syntax"),
        (r#""\udc00""#, "syntax"),
        (r#""\ud83d\u0041""#, "syntax"),
        (r#""\ud83d\ude00""#, "fine"),
        (r#""\x41""#, "syntax"),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(text), expected, "{text}");
    }
    assert_eq!(fault(b"\"\xff\""), "not UTF-8");
    assert_eq!(fault(b"\"\xed\xa0\x80\""), "not UTF-8");
    assert_eq!(fault(vec![b' '; MOST_BYTES + 1]), "too large");
    assert_eq!(fault("[".repeat(1_000_000)), "too deep");
    assert_eq!(
        fault(format!("[{}0]", "0,".repeat(MOST_VALUES))),
        "too many"
    );
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(fault(nested(DEEPEST)), "fine");
    assert_eq!(fault(nested(DEEPEST + 1)), "too deep");
}

#[test]
fn a_fault_names_its_place() {
    let told = read(b"{\n  \"a\": 1,\n  \"a\": 2\n}").unwrap_err();
    assert_eq!(
        told.to_string(),
        "the key \"a\" stands twice in one object, at line 3, column 3"
    );
}

#[test]
fn only_the_one_form_is_canonical() {
    for text in [r#"{"a":1,"b":[true,null,"\n"]}"#, "[]", "\"\u{e9}\"", "-1"] {
        assert!(read_canonical(text.as_bytes()).is_ok(), "{text}");
    }
    for text in [
        r#"{"b":1,"a":1}"#,
        r#"{"a": 1}"#,
        "[]\n",
        r#""\u00e9""#,
        r#""\u000a""#,
        r#""\/""#,
    ] {
        assert_eq!(
            read_canonical(text.as_bytes()),
            Err(Fault::NotCanonical),
            "{text}"
        );
    }
}

/// RFC 8785, section 3.2.3: keys are sorted by UTF-16 code units.
#[test]
fn keys_are_sorted_as_the_rfc_sorts_them() {
    let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
    let written = String::from_utf8(write(&value).unwrap()).unwrap();
    assert_eq!(
        written,
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
    );
}

#[test]
fn what_cannot_be_read_is_not_written() {
    for value in [
        json!(0.5),
        json!([1.0]),
        json!(1u64 << 53),
        json!(u64::MAX),
        json!(i64::MIN),
    ] {
        assert!(write(&value).is_err(), "{value}");
    }
    assert_eq!(write(&json!(LARGEST_INTEGER)).unwrap(), b"9007199254740991");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-LARGEST_INTEGER..=LARGEST_INTEGER).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in any_value()) {
        let written = write(&value).unwrap();
        prop_assert_eq!(read_canonical(&written).unwrap(), value);
    }

    /// Whatever the strict reader takes, serde_json takes as well, with the same meaning.
    #[test]
    fn the_reader_agrees_with_serde_json(text in r#"[\[\]{}",:0-9eE.\-\\u truefalsn]{0,24}"#) {
        if let Ok(value) = read(text.as_bytes()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&bytes);
    }
}
