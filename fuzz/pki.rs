//! What must hold for any bytes from an authority: answers by OCSP, lists of
//! revoked certificates, timestamps of logs and lists of logs. The fuzz targets
//! and an ordinary test share it.

use scrutineer::wire::{
    crl,
    ct_logs::LogList,
    der, ocsp,
    sct::{self, Entry},
    x509::{Certificate, IssuerKey},
};

/// A certificate and its issuer, for which the seeds were made.
fn known() -> Option<(Certificate, IssuerKey)> {
    let leaf = Certificate::read(include_bytes!("corpus/pki/leaf.der")).ok()?;
    let der = include_bytes!("corpus/pki/issuer.der");
    let issuer = Certificate::read(der).ok()?.issuer_key(der)?;
    Some((leaf, issuer))
}

/// A day on which the seeds are in date, in seconds since 1970.
const NOW: i64 = 1_795_493_837;

/// An answer is refused, or tells who signed it when it counts.
pub fn ocsp(bytes: &[u8]) {
    let Some((leaf, issuer)) = known() else {
        return;
    };
    let answer = ocsp::assess(bytes, &leaf, &issuer, NOW);
    if answer.is_sound() {
        assert!(answer.signer.is_some() && answer.status.is_some() && answer.this_update.is_some());
    }
    let path = ocsp::path(bytes);
    assert!(
        path.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'%')
    );
}

/// A list is refused, or its dates frame today.
pub fn crl(bytes: &[u8]) {
    let Some((leaf, issuer)) = known() else {
        return;
    };
    if let Ok(answer) = crl::assess(
        bytes,
        "http://crl.pki.example/inter.crl",
        &leaf,
        &issuer,
        NOW,
    ) {
        assert!(answer.this_update <= NOW + 300);
    }
}

/// Timestamps are bounded, and nothing is found in a body from which they were taken.
pub fn timestamps(bytes: &[u8]) {
    if let Ok(list) = sct::list(bytes) {
        assert!(list.len() <= sct::MAX_TIMESTAMPS);
        if let Some((_, issuer)) = known() {
            for timestamp in &list {
                let _ = timestamp.verifies(&issuer.key, Entry::Certificate(bytes));
            }
        }
    }
    if let Ok(body) = sct::precertificate(bytes) {
        let again = der::sequence(&[&body]);
        assert_eq!(sct::embedded(&again), Ok(None));
        assert_eq!(sct::precertificate(&again).as_ref(), Ok(&body));
    }
}

/// A list of logs is refused with words, or names its edition.
pub fn logs(bytes: &[u8]) {
    match LogList::parse(bytes) {
        Ok(list) => assert!(list.edition.contains("sha256:")),
        Err(why) => assert!(!why.is_empty() && !why.contains('\n')),
    }
}
