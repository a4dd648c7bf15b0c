use super::*;

const DAY: i64 = 86_400;
/// The day after the seeds were made.
const NOW: i64 = 1_795_493_837;
const GOOD: &[u8] = include_bytes!("../../../fuzz/corpus/pki_ocsp/good");
const REVOKED: &[u8] = include_bytes!("../../../fuzz/corpus/pki_ocsp/revoked");
const DELEGATE: &[u8] = include_bytes!("../../../fuzz/corpus/pki_ocsp/delegate");
const LATER: &[u8] = include_bytes!("../../../fuzz/corpus/pki_ocsp/later");
const LEAF: &[u8] = include_bytes!("../../../fuzz/corpus/pki/leaf.der");
const ISSUER: &[u8] = include_bytes!("../../../fuzz/corpus/pki/issuer.der");

fn leaf() -> Certificate {
    Certificate::read(LEAF).unwrap()
}

fn issuer() -> IssuerKey {
    Certificate::read(ISSUER)
        .unwrap()
        .issuer_key(ISSUER)
        .unwrap()
}

fn problems(bytes: &[u8], now: i64) -> Vec<Problem> {
    let answer = assess(bytes, &leaf(), &issuer(), now);
    answer
        .problems
        .iter()
        .map(|(problem, _)| *problem)
        .collect()
}

#[test]
fn answers_of_openssl_are_understood() {
    let (leaf, issuer) = (leaf(), issuer());
    let good = assess(GOOD, &leaf, &issuer, NOW);
    assert_eq!(
        (good.status, good.signer),
        (Some(Status::Good), Some(Signer::Issuer))
    );
    assert!(good.is_sound(), "{good:?}");
    let revoked = assess(REVOKED, &leaf, &issuer, NOW);
    let Some(Status::Revoked { at, reason }) = revoked.status else {
        panic!("{revoked:?}");
    };
    assert_eq!(
        (at, reason.map(reason_name)),
        (1_793_491_200, Some("keyCompromise"))
    );
    let delegated = assess(DELEGATE, &leaf, &issuer, NOW);
    assert_eq!(delegated.signer, Some(Signer::Delegate));
    assert!(delegated.is_sound(), "{delegated:?}");
}

#[test]
fn answers_count_in_their_time_and_for_their_certificate_alone() {
    assert_eq!(problems(GOOD, NOW), []);
    assert_eq!(problems(GOOD, NOW - 2 * DAY), [Problem::NotYetValid]);
    assert_eq!(problems(GOOD, NOW + 3_660 * DAY), [Problem::Expired]);
    // The delegate's own certificate ends on the same day.
    assert_eq!(
        problems(DELEGATE, NOW + 3_660 * DAY),
        [Problem::WrongSigner, Problem::Expired]
    );
    assert_eq!(problems(LATER, NOW), [Problem::Refused]);
    assert_eq!(problems(b"<html>", NOW), [Problem::Unreadable]);
    let mut broken = GOOD.to_vec();
    let signature = GOOD
        .windows(4)
        .position(|four| four == [0x03, 0x82, 0x01, 0x01])
        .unwrap();
    broken[signature + 40] ^= 1;
    assert_eq!(problems(&broken, NOW), [Problem::BadSignature]);
    let mut other = leaf();
    other.serial_der.push(1);
    let answer = assess(GOOD, &other, &issuer(), NOW);
    assert_eq!(answer.problems[0].0, Problem::OtherCertificate);
    assert_eq!(answer.status, None);
}

#[test]
fn a_question_names_the_certificate() {
    let request = request(&leaf(), &issuer());
    // The fields of the answer that OpenSSL gave to its own question.
    let Response::Basic(basic) = parse(GOOD).unwrap() else {
        panic!("no answer");
    };
    let single = &basic.singles[0];
    for part in [&single.name_hash, &single.key_hash, &single.serial] {
        assert!(
            request
                .windows(part.len())
                .any(|window| window == part.as_slice())
        );
    }
    assert_eq!(path(&[0xfb, 0xff, 0xfe, 0x01]), "%2B%2F%2F%2BAQ%3D%3D");
}
