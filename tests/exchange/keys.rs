//! Making keys.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::{Exchange, document};

#[test]
fn a_private_key_is_encrypted_private_and_never_written_over() {
    let exchange = Exchange::new();
    exchange.write("pass", b"correct horse battery\n");
    let new = [
        "keys",
        "new",
        "office",
        "--comment",
        "office-a",
        "--passphrase-file",
        "pass",
    ];
    let told = exchange.run(&new);
    assert_eq!(told.exit, 0, "{}", told.err);
    let private = exchange.read("office");
    let mode = fs::metadata(exchange.path("office"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        scrutineer::baseline::secret::is_encrypted(std::str::from_utf8(&private).unwrap()).unwrap()
    );
    let again = exchange.run(&new);
    assert!(
        again.exit == 2 && again.err.contains("not written over"),
        "{}",
        again.err
    );
    assert_eq!(exchange.read("office"), private);
    // The public half is shown from both files alike, apart from the comment, which is encrypted.
    let of_public = exchange.good(&["keys", "show", "office.pub"]);
    let of_private = exchange.good(&["keys", "show", "office"]);
    assert_eq!(
        of_public.trim_end().strip_suffix(" office-a"),
        Some(of_private.trim_end())
    );
    assert!(told.out.contains(of_private.lines().next().unwrap()));
    for text in [&told.out, &told.err, &of_public, &of_private] {
        assert!(
            !text.contains("correct horse") && !text.contains("PRIVATE"),
            "{text}"
        );
    }

    exchange.write("p.json", &document().to_bytes());
    let sign = |pass: &'static str| {
        exchange.run(&[
            "baseline",
            "sign",
            "p.json",
            "--key",
            "office",
            "--passphrase-file",
            pass,
        ])
    };
    exchange.write("wrong", b"correct horse batterz\n");
    let wrong = sign("wrong");
    assert!(
        wrong.exit == 2 && wrong.err.contains("does not open it"),
        "{}",
        wrong.err
    );
    assert!(!exchange.path("p.dsse.json").exists());
    assert_eq!(sign("pass").exit, 0);
}

#[test]
fn keys_without_care_are_refused() {
    let exchange = Exchange::new();
    exchange.write("short", b"short\n");
    exchange.write("empty", b"\n");
    for (arguments, words) in [
        (
            &["keys", "new", "k", "--passphrase-file", "short"][..],
            "shorter than 12",
        ),
        (
            &["keys", "new", "k", "--passphrase-file", "empty"],
            "is empty",
        ),
        (&["keys", "new", "k"], "no terminal to ask"),
        (
            &["keys", "new", "k", "--no-passphrase", "--comment", "a\nb"],
            "--comment must be",
        ),
        (
            &["keys", "show", "exchange.json"],
            "not an OpenSSH public key",
        ),
        (&["keys", "show", "nothing"], "there is no such file"),
    ] {
        let told = exchange.run(arguments);
        assert!(
            told.exit == 2 && told.err.contains(words),
            "{arguments:?}: {}",
            told.err
        );
    }
    assert!(!exchange.path("k").exists());
    exchange.write("p.json", &document().to_bytes());
    fs::set_permissions(exchange.path("p"), fs::Permissions::from_mode(0o640)).unwrap();
    let open = exchange.run(&["baseline", "sign", "p.json", "--key", "p"]);
    assert!(
        open.exit == 2 && open.err.contains("chmod 600"),
        "{}",
        open.err
    );
}
