//! What must hold for any bytes. The fuzz targets and an ordinary test share it.

use scrutineer::baseline::{
    canonical,
    document::Baseline,
    envelope::Envelope,
    key::PublicKey,
    kind::DocumentKind,
    pack::{Pack, is_pack_path},
    roster::Roster,
    statement,
};

/// A key whose private half nobody has.
const STRANGER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

/// An envelope is refused, or it is read back as it was written. No bytes are
/// signed by a key that did not sign them.
pub fn envelope(bytes: &[u8]) {
    let Ok(envelope) = Envelope::read(bytes) else {
        return;
    };
    let written = envelope.write().expect("what was read can be written");
    let again = Envelope::read(&written).expect("what was written can be read");
    assert_eq!(again, envelope);
    let key = PublicKey::parse(STRANGER).expect("the key is one");
    for kind in DocumentKind::ALL {
        let signers = envelope.signers(kind, &[&key]);
        assert!(signers.is_err(), "nobody can sign with this key");
    }
    let _ = statement::read::<Baseline>(&envelope.payload, DocumentKind::Baseline);
    if let Ok(pack) = Pack::read(&envelope.payload) {
        let payload = pack.payload().expect("what was read can be written");
        assert_eq!(payload, envelope.payload, "a pack has one form");
        let files = pack.layers.iter().flatten();
        assert!(files.into_iter().all(|file| is_pack_path(&file.path)));
    }
    if let Ok(roster) = Roster::read(&envelope.payload) {
        let payload = roster.payload().expect("what was read can be written");
        assert_eq!(payload, envelope.payload, "a roster has one form");
    }
}

/// A document is refused, or it has one canonical form that means the same.
pub fn canonical_json(bytes: &[u8]) {
    let Ok(value) = canonical::read(bytes) else {
        return;
    };
    let other: serde_json::Value =
        serde_json::from_slice(bytes).expect("the strict reader takes no more than serde_json");
    assert_eq!(value, other);
    let written = canonical::write(&value).expect("what was read can be written");
    let again = canonical::read_canonical(&written).expect("what was written is canonical");
    assert_eq!(again, value);
}
