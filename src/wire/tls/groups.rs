//! The registry of key exchange groups (IANA "TLS Supported Groups").

/// A group and its properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Code point.
    pub id: u16,
    /// Name in the registry.
    pub name: &'static str,
    /// Where it can be used.
    pub kind: Kind,
}

/// What a group is, and with it in which versions it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An elliptic curve for every version.
    Curve,
    /// An elliptic curve up to TLS 1.2 alone.
    OldCurve,
    /// An elliptic curve for TLS 1.3 alone.
    NewCurve,
    /// A finite field of RFC 7919; here the number of its bits.
    FiniteField(u32),
    /// ML-KEM alone or with a curve, TLS 1.3 alone.
    PostQuantum,
}

impl Group {
    /// Whether it withstands a quantum computer.
    pub fn post_quantum(&self) -> bool {
        self.kind == Kind::PostQuantum
    }

    /// Whether TLS 1.3 knows it.
    pub fn in_tls13(&self) -> bool {
        self.kind != Kind::OldCurve
    }

    /// Whether it is a curve that TLS 1.2 and older know.
    pub fn curve_before_tls13(&self) -> bool {
        matches!(self.kind, Kind::Curve | Kind::OldCurve)
    }
}

/// Every group, the likeliest first.
pub fn all() -> &'static [Group] {
    GROUPS
}

/// The group of a code point.
pub fn by_id(id: u16) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.id == id)
}

/// The group of a name.
pub fn by_name(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.name == name)
}

/// The name of a code point, made up from its value when nobody registered it.
pub fn name_of(id: u16) -> String {
    by_id(id).map_or_else(|| format!("0x{id:04X}"), |group| group.name.to_owned())
}

const fn group(id: u16, name: &'static str, kind: Kind) -> Group {
    Group { id, name, kind }
}

static GROUPS: &[Group] = &[
    group(4588, "X25519MLKEM768", Kind::PostQuantum),
    group(29, "x25519", Kind::Curve),
    group(23, "secp256r1", Kind::Curve),
    group(24, "secp384r1", Kind::Curve),
    group(25, "secp521r1", Kind::Curve),
    group(30, "x448", Kind::Curve),
    group(256, "ffdhe2048", Kind::FiniteField(2048)),
    group(257, "ffdhe3072", Kind::FiniteField(3072)),
    group(258, "ffdhe4096", Kind::FiniteField(4096)),
    group(259, "ffdhe6144", Kind::FiniteField(6144)),
    group(260, "ffdhe8192", Kind::FiniteField(8192)),
    group(4587, "SecP256r1MLKEM768", Kind::PostQuantum),
    group(4589, "SecP384r1MLKEM1024", Kind::PostQuantum),
    group(512, "MLKEM512", Kind::PostQuantum),
    group(513, "MLKEM768", Kind::PostQuantum),
    group(514, "MLKEM1024", Kind::PostQuantum),
    group(4590, "curveSM2MLKEM768", Kind::PostQuantum),
    group(25497, "X25519Kyber768Draft00", Kind::PostQuantum),
    group(25498, "SecP256r1Kyber768Draft00", Kind::PostQuantum),
    group(31, "brainpoolP256r1tls13", Kind::NewCurve),
    group(32, "brainpoolP384r1tls13", Kind::NewCurve),
    group(33, "brainpoolP512r1tls13", Kind::NewCurve),
    group(26, "brainpoolP256r1", Kind::OldCurve),
    group(27, "brainpoolP384r1", Kind::OldCurve),
    group(28, "brainpoolP512r1", Kind::OldCurve),
    group(34, "GC256A", Kind::Curve),
    group(35, "GC256B", Kind::Curve),
    group(36, "GC256C", Kind::Curve),
    group(37, "GC256D", Kind::Curve),
    group(38, "GC512A", Kind::Curve),
    group(39, "GC512B", Kind::Curve),
    group(40, "GC512C", Kind::Curve),
    group(41, "curveSM2", Kind::NewCurve),
    group(22, "secp256k1", Kind::OldCurve),
    group(21, "secp224r1", Kind::OldCurve),
    group(20, "secp224k1", Kind::OldCurve),
    group(19, "secp192r1", Kind::OldCurve),
    group(18, "secp192k1", Kind::OldCurve),
    group(17, "secp160r2", Kind::OldCurve),
    group(16, "secp160r1", Kind::OldCurve),
    group(15, "secp160k1", Kind::OldCurve),
    group(14, "sect571r1", Kind::OldCurve),
    group(13, "sect571k1", Kind::OldCurve),
    group(12, "sect409r1", Kind::OldCurve),
    group(11, "sect409k1", Kind::OldCurve),
    group(10, "sect283r1", Kind::OldCurve),
    group(9, "sect283k1", Kind::OldCurve),
    group(8, "sect239k1", Kind::OldCurve),
    group(7, "sect233r1", Kind::OldCurve),
    group(6, "sect233k1", Kind::OldCurve),
    group(5, "sect193r2", Kind::OldCurve),
    group(4, "sect193r1", Kind::OldCurve),
    group(3, "sect163r2", Kind::OldCurve),
    group(2, "sect163r1", Kind::OldCurve),
    group(1, "sect163k1", Kind::OldCurve),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn groups_are_told_apart() {
        let ids: BTreeSet<u16> = all().iter().map(|group| group.id).collect();
        let names: BTreeSet<&str> = all().iter().map(|group| group.name).collect();
        assert_eq!((ids.len(), names.len()), (all().len(), all().len()));
        assert!(by_name("X25519MLKEM768").is_some_and(Group::post_quantum));
        assert!(!by_name("x25519").is_some_and(Group::post_quantum));
        assert!(by_id(26).is_some_and(|group| !group.in_tls13() && group.curve_before_tls13()));
        assert_eq!(name_of(0x0a0a), "0x0A0A");
    }
}
