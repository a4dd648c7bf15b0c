use proptest::prelude::*;

use super::*;

fn private(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    sshsig::public(&private(seed))
}

fn signed(payload: &[u8], seeds: &[u8]) -> Envelope {
    let mut envelope = Envelope::unsigned(payload.to_vec());
    for seed in seeds {
        envelope.sign(&private(*seed)).unwrap();
    }
    envelope
}

fn signers(envelope: &Envelope, known: &[PublicKey]) -> Result<usize, Refusal> {
    let known: Vec<&PublicKey> = known.iter().collect();
    let found = envelope.signers(DocumentKind::Baseline, &known)?;
    Ok(found.len())
}

/// The example of the DSSE specification (protocol.md).
#[test]
fn pre_authentication_is_as_the_specification_shows() {
    assert_eq!(
        pre_authentication("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn an_envelope_verifies_and_is_read_back() {
    let envelope = signed(b"{}", &[1, 2]);
    let known = [public(1), public(2), public(3)];
    let written = envelope.write().unwrap();
    let back = Envelope::read(&written).unwrap();
    assert_eq!(back, envelope);
    for _ in 0..2 {
        assert_eq!(signers(&back, &known), Ok(2));
    }
    assert_eq!(back.write().unwrap(), written);
}

#[test]
fn keyid_decides_nothing() {
    let mut envelope = signed(b"{}", &[1]);
    for keyid in ["", "something else", &public(2).fingerprint()] {
        envelope.signatures[0].keyid = keyid.to_owned();
        assert_eq!(
            signers(&envelope, &[public(2), public(1)]),
            Ok(1),
            "{keyid}"
        );
    }
}

#[test]
fn every_forgery_is_refused_for_its_own_reason() {
    let known = [public(1), public(2)];
    type Forge = fn(&mut Envelope);
    let cases: [(&str, Forge); 9] = [
        ("NotSigned", |e| e.signatures.clear()),
        ("PayloadType", |e| e.payload_type = "text/plain".to_owned()),
        ("BadSignature", |e| e.payload = b"[]".to_vec()),
        ("UnknownKey", |e| {
            e.signatures.clear();
            e.sign(&private(9)).unwrap();
        }),
        ("UnknownKey", |e| {
            e.signatures[0].form = Form::Other(vec![0; 10])
        }),
        ("NoPreAuthentication", |e| {
            let bare = private(1).sign(&e.payload);
            e.signatures[0].form = Form::Dsse(Box::new(bare.to_bytes()));
        }),
        ("BadSignature", |e| {
            // Signed as another type, and passed off as this one.
            let other = private(1).sign(&pre_authentication("text/plain", &e.payload));
            e.signatures[0].form = Form::Dsse(Box::new(other.to_bytes()));
        }),
        ("SignedTwice", |e| {
            let again = Signature {
                keyid: "another".to_owned(),
                ..e.signatures[0].clone()
            };
            e.signatures.push(again);
        }),
        ("SignedTwice", |e| {
            let armored = armored(&private(1), DocumentKind::Baseline, &e.payload).unwrap();
            let form = Form::Ssh(Box::new(sshsig::parse(&armored).unwrap()));
            e.signatures.push(Signature {
                keyid: String::new(),
                form,
            });
        }),
    ];
    for (expected, forge) in cases {
        let mut envelope = signed(b"{}", &[1]);
        forge(&mut envelope);
        let refusal = signers(&envelope, &known).unwrap_err();
        let name = format!("{refusal:?}");
        assert!(name.starts_with(expected), "{name} instead of {expected}");
    }
}

#[test]
fn an_ssh_signature_counts_for_its_kind_alone() {
    for kind in DocumentKind::ALL {
        let text = armored(&private(1), kind, b"{}").unwrap();
        let mut envelope = Envelope::unsigned(b"{}".to_vec());
        let added = envelope.add_ssh(&text, DocumentKind::Baseline);
        if kind == DocumentKind::Baseline {
            assert_eq!(added.unwrap(), public(1));
            let back = Envelope::read(&envelope.write().unwrap()).unwrap();
            assert_eq!(back, envelope);
            assert_eq!(signers(&back, &[public(1)]), Ok(1));
            assert!(matches!(
                signers(&back, &[public(2)]),
                Err(Refusal::UnknownKey(_))
            ));
        } else {
            assert!(matches!(added, Err(Refusal::Namespace { .. })), "{kind}");
        }
    }
    let text = armored(&private(1), DocumentKind::Baseline, b"[]").unwrap();
    let mut envelope = Envelope::unsigned(b"{}".to_vec());
    let added = envelope.add_ssh(&text, DocumentKind::Baseline);
    assert!(matches!(added, Err(Refusal::BadSignature(_))));
}

#[test]
fn unknown_keys_beside_a_known_one_are_passed_over() {
    assert_eq!(signers(&signed(b"{}", &[9, 1, 8]), &[public(1)]), Ok(1));
}

#[test]
fn files_that_are_no_envelope_are_refused() {
    let many = format!(
        r#"{{"payload":"","payloadType":"","signatures":[{}{{"sig":""}}]}}"#,
        r#"{"sig":""},"#.repeat(MOST_SIGNATURES)
    );
    for bad in [
        "{}",
        "[]",
        r#"{"payload":"*","payloadType":"t","signatures":[]}"#,
        r#"{"payload":"e30=","payloadType":"t","signatures":[{"sig":"*"}]}"#,
        r#"{"payload":"e30=","payloadType":"t","signatures":{}}"#,
        &many,
    ] {
        assert!(
            matches!(
                Envelope::read(bad.as_bytes()),
                Err(Refusal::NotAnEnvelope(_))
            ),
            "{bad}"
        );
    }
    let twice = r#"{"payload":"e30=","payload":"e30=","payloadType":"t","signatures":[]}"#;
    assert!(matches!(
        Envelope::read(twice.as_bytes()),
        Err(Refusal::Malformed(_))
    ));
    // DSSE allows the alphabet for URLs, and fields that it does not know.
    let urlsafe = r#"{"payload":"-_-_","payloadType":"t","signatures":[],"extra":1}"#;
    assert_eq!(
        Envelope::read(urlsafe.as_bytes()).unwrap().payload,
        [251, 255, 191]
    );
}

proptest! {
    #[test]
    fn one_changed_bit_breaks_a_signature(payload in prop::collection::vec(any::<u8>(), 1..40), bit in any::<prop::sample::Index>()) {
        let mut envelope = signed(&payload, &[1]);
        let bit = bit.index(payload.len() * 8);
        envelope.payload[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(signers(&envelope, &[public(1)]).is_err());
    }

    #[test]
    fn no_ssh_signature_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut text = b"SSHSIG\0\0\0\x01".to_vec();
        text.extend(&bytes);
        let _ = Form::of(text);
        let _ = Form::of(bytes);
    }
}

/// An SSH signature as a security key makes it (OpenSSH's PROTOCOL.u2f): over
/// the digests of application and message with flags and counter between them.
fn by_security_key(key: &SigningKey, flags: u8, payload: &[u8]) -> (PublicKey, String) {
    use sha2::{Digest, Sha256};
    use ssh_key::{
        Algorithm, HashAlg, LineEnding,
        public::{Ed25519PublicKey, KeyData, SkEd25519},
    };
    let point = Ed25519PublicKey(key.verifying_key().to_bytes());
    let data = KeyData::SkEd25519(SkEd25519::new(point, "ssh:"));
    let namespace = DocumentKind::Baseline.ssh_namespace();
    let message = SshSig::signed_data(namespace, HashAlg::Sha512, payload).unwrap();
    let trailer = [flags, 0, 0, 0, 7];
    let mut signed = Sha256::digest("ssh:").to_vec();
    signed.extend(trailer);
    signed.extend(Sha256::digest(message));
    let mut bytes = key.sign(&signed).to_bytes().to_vec();
    bytes.extend(trailer);
    let signature = ssh_key::Signature::new(Algorithm::SkEd25519, bytes).unwrap();
    let signature = SshSig::new(data.clone(), namespace, HashAlg::Sha512, signature).unwrap();
    let public = PublicKey::new(data, "").unwrap();
    (public, signature.to_pem(LineEnding::LF).unwrap())
}

#[test]
fn a_security_key_counts_if_somebody_touched_it() {
    for (flags, counts) in [(1, true), (5, true), (0, false), (4, false)] {
        let (public, text) = by_security_key(&private(1), flags, b"{}");
        let mut envelope = Envelope::unsigned(b"{}".to_vec());
        assert_eq!(
            envelope.add_ssh(&text, DocumentKind::Baseline).is_ok(),
            counts,
            "{flags}"
        );
        if counts {
            let mut back = Envelope::read(&envelope.write().unwrap()).unwrap();
            assert_eq!(signers(&back, std::slice::from_ref(&public)), Ok(1));
            // The same point under another name is another key.
            let plain = sshsig::public(&private(1));
            assert!(signers(&back, &[plain]).is_err());
            back.payload.push(b' ');
            assert!(matches!(
                signers(&back, &[public]),
                Err(Refusal::BadSignature(_))
            ));
        }
    }
    // A plain signature by the point of a security key is no touch.
    let (public, _) = by_security_key(&private(1), 1, b"{}");
    assert!(signers(&signed(b"{}", &[1]), &[public]).is_err());
}
