//! What is known before the enumeration begins.

/// What a handshake showed before.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The server has agreed on TLS 1.2 or 1.3 with a client that offered both,
    /// so that its word on versions is meant as the protocol has it.
    pub negotiates: bool,
    /// It takes hellos of more than 511 bytes.
    pub takes_large: bool,
    /// What was agreed on in TLS 1.3.
    pub agreed: Option<Agreed>,
}

/// What a handshake of TLS 1.3 agreed on.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// The group.
    pub group: u16,
    /// The suite.
    pub suite: u16,
    /// The suites offered, in that order.
    pub offered: Vec<u16>,
}
