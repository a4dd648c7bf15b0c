//! What other programs make of our files, and we of theirs.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{Exchange, NOW, document, left_out, program};

/// Runs another program to a good end and returns its standard output.
fn good(command: &mut Command, input: Option<&[u8]>) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(input.unwrap_or_default()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn ssh_keygen_verifies_our_signatures_and_we_verify_its() {
    let Some(ssh_keygen) = program("ssh-keygen", "openssh-client", "SSH signatures") else {
        return;
    };
    let exchange = Exchange::new();
    let ssh_keygen = || {
        let mut command = Command::new(&ssh_keygen);
        command.current_dir(exchange.folder.path());
        command
    };
    let payload = document().to_bytes();
    exchange.write("p.json", &payload);
    exchange.good(&["baseline", "sign", "p.json", "--key", "p", "--ssh"]);
    let public = String::from_utf8(exchange.read("p.pub")).unwrap();
    exchange.write("allowed", format!("office-p {public}").as_bytes());
    let check = |namespace: &str| {
        let arguments = [
            "-Y",
            "verify",
            "-f",
            "allowed",
            "-I",
            "office-p",
            "-n",
            namespace,
            "-s",
            "p.json.sig",
        ];
        good(ssh_keygen().args(arguments), Some(&payload))
    };
    assert!(check("scrutineer-baseline@v1").is_ok());
    assert!(check("scrutineer-roster@v1").is_err());
    let by_pair = |sig: &'static str| {
        [
            "baseline",
            "verify",
            "p.json",
            "--ssh-signature",
            sig,
            "--roster",
            "roster-1.dsse.json",
            "--at",
            NOW,
        ]
    };
    exchange.refused(&by_pair("p.json.sig"), "pending");

    // The reverse: a key that ssh-keygen made, encrypted, and a signature by it.
    let made = [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "correct horse battery",
        "-C",
        "theirs",
        "-f",
        "theirs",
    ];
    good(ssh_keygen().args(made), None).unwrap();
    exchange.write("pass", b"correct horse battery\n");
    fs::copy(exchange.path("p.json"), exchange.path("q.json")).unwrap();
    exchange.good(&[
        "baseline",
        "sign",
        "q.json",
        "--key",
        "theirs",
        "--passphrase-file",
        "pass",
    ]);
    fs::copy(exchange.path("p.json"), exchange.path("s.json")).unwrap();
    let sign = [
        "-q",
        "-Y",
        "sign",
        "-n",
        "scrutineer-baseline@v1",
        "-f",
        "p",
        "s.json",
    ];
    good(ssh_keygen().args(sign), None).unwrap();
    assert_eq!(
        exchange.read("s.json.sig"),
        exchange.read("p.json.sig"),
        "Ed25519 has one signature"
    );
    exchange.good(&[
        "baseline",
        "sign",
        "s.json",
        "--ssh-signature",
        "s.json.sig",
    ]);
    let envelope = [
        "baseline",
        "verify",
        "s.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
    ];
    exchange.refused(&envelope, "pending");

    // A key that was made here opens there.
    exchange.good(&[
        "keys",
        "new",
        "ours",
        "--comment",
        "ours",
        "--passphrase-file",
        "pass",
    ]);
    let opened = good(
        ssh_keygen().args(["-y", "-P", "correct horse battery", "-f", "ours"]),
        None,
    )
    .unwrap();
    assert_eq!(
        opened.trim_end(),
        String::from_utf8(exchange.read("ours.pub"))
            .unwrap()
            .trim_end()
    );
    assert!(good(ssh_keygen().args(["-y", "-P", "wrong", "-f", "ours"]), None).is_err());

    // A roster is signed with ssh-keygen as well.
    exchange.good(&[
        "roster",
        "add",
        "roster-1.dsse.json",
        "--exchange",
        "exchange.json",
        "--at",
        NOW,
    ]);
    exchange.good(&["roster", "sign", "roster-2.dsse.json", "--key", "a"]);
    let bytes = exchange.good(&["roster", "show", "roster-2.dsse.json", "--payload"]);
    exchange.write("r.json", bytes.as_bytes());
    let sign = [
        "-q",
        "-Y",
        "sign",
        "-n",
        "scrutineer-roster@v1",
        "-f",
        "b",
        "r.json",
    ];
    good(ssh_keygen().args(sign), None).unwrap();
    exchange.good(&[
        "roster",
        "sign",
        "roster-2.dsse.json",
        "--ssh-signature",
        "r.json.sig",
    ]);
    exchange.good(&["roster", "trust", "roster-2.dsse.json", "--at", NOW]);
}

#[test]
fn age_encrypts_to_the_audience() {
    let Some(age) = program("age", "age", "encryption to an audience") else {
        return;
    };
    let exchange = Exchange::new();
    exchange.write("p.json", &document().to_bytes());
    let lines = exchange.good(&[
        "roster",
        "recipients",
        "roster-1.dsse.json",
        "--for",
        "p.json",
        "--at",
        NOW,
    ]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    exchange.write("audience", lines.as_bytes());
    let age = |arguments: &[&str]| {
        good(
            Command::new(&age)
                .current_dir(exchange.folder.path())
                .args(arguments),
            None,
        )
    };
    age(&["-R", "audience", "-o", "p.json.age", "p.json"]).unwrap();
    for (key, fits) in [
        ("p", true),
        ("q", true),
        ("r", true),
        ("x", false),
        ("a", false),
    ] {
        let opened = age(&["-d", "-i", key, "p.json.age"]);
        assert_eq!(opened.is_ok(), fits, "{key}: {opened:?}");
    }
}

#[test]
fn nobody_is_a_recipient_of_what_does_not_leave() {
    use scrutineer::model::tlp::Tlp;
    let exchange = Exchange::new();
    let cases = [
        (Tlp::Red, true, "TLP:RED"),
        (Tlp::AmberStrict, true, "never leaves its organisation"),
        (Tlp::Amber, false, "nobody with a key"),
    ];
    for (label, audience, words) in cases {
        let document = crate::support::changed(|document| {
            document.label = label;
            if !audience {
                document.audience.clear();
            }
        });
        exchange.write("p.json", &document.to_bytes());
        let list = [
            "roster",
            "recipients",
            "roster-1.dsse.json",
            "--for",
            "p.json",
            "--at",
            NOW,
        ];
        exchange.refused(&list, words);
    }
}

/// Verifies, and signs, with the library that in-toto and TUF use.
const PYTHON: &str = r#"
import json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
ours, public, keyid = sys.argv[1:4]
key = SSlibKey(keyid, "ed25519", "ed25519", {"public": public})
with open(ours) as file:
    data = json.load(file)
envelope = Envelope.from_dict(data)
assert envelope.payload_type == "application/vnd.in-toto+json"
accepted = envelope.verify([key], 1)
assert list(accepted) == [keyid], accepted
statement = json.loads(envelope.payload)
assert statement["_type"] == "https://in-toto.io/Statement/v1"
envelope.payload += b" "
try:
    envelope.verify([key], 1)
except Exception:
    print("verified, and a changed payload refused")
else:
    raise SystemExit("a changed payload verified")
"#;

/// Makes an envelope from a payload with a seed.
const PYTHON_SIGNS: &str = r#"
import json, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner
payload, seed, target = sys.argv[1:4]
signer = CryptoSigner(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
with open(payload, "rb") as file:
    envelope = Envelope(file.read(), "application/vnd.in-toto+json", {})
envelope.sign(signer)
with open(target, "w") as file:
    json.dump(envelope.to_dict(), file)
"#;

#[test]
fn securesystemslib_verifies_our_envelopes_and_we_verify_its() {
    let test = "DSSE with securesystemslib";
    let Some(python) = program("python3", "python3", test) else {
        return;
    };
    let exchange = Exchange::new();
    let library = exchange.path("library");
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
    ];
    let installed = good(
        Command::new(&python)
            .args(install)
            .arg(&library)
            .args(["securesystemslib", "cryptography"]),
        None,
    );
    if let Err(why) = installed {
        left_out(
            test,
            &format!(
                "securesystemslib cannot be had with pip: {}",
                why.lines().last().unwrap_or_default()
            ),
        );
        return;
    }
    let python = |script: &str, arguments: &[&str]| {
        let mut command = Command::new(&python);
        command
            .current_dir(exchange.folder.path())
            .env("PYTHONPATH", Path::new(&library))
            .args(["-c", script])
            .args(arguments);
        good(&mut command, None).unwrap()
    };
    exchange.write("p.json", &document().to_bytes());
    exchange.good(&["baseline", "sign", "p.json", "--key", "p"]);
    let key = exchange.key("p");
    let hex = |bytes: [u8; 32]| scrutineer::judge::hex(&bytes);
    let public = hex(key.verifying_key().to_bytes());
    let told = python(PYTHON, &["p.dsse.json", &public, &exchange.key_id("p")]);
    assert!(told.contains("a changed payload refused"), "{told}");

    python(
        PYTHON_SIGNS,
        &["p.json", &hex(key.to_bytes()), "theirs.dsse.json"],
    );
    let verify = [
        "baseline",
        "verify",
        "theirs.dsse.json",
        "--roster",
        "roster-1.dsse.json",
        "--at",
        NOW,
    ];
    exchange.refused(&verify, "pending");
    exchange.accepted("theirs.dsse.json");
    let verify = [
        "baseline",
        "verify",
        "theirs.dsse.json",
        "--roster",
        "roster-2.dsse.json",
        "--at",
        NOW,
    ];
    exchange.good(&verify);
    // Both lists name one document: signatures are not part of its digest.
    let verify = [
        "baseline",
        "verify",
        "p.dsse.json",
        "--roster",
        "roster-2.dsse.json",
        "--at",
        NOW,
    ];
    exchange.good(&verify);
}
