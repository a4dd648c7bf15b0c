//! The only sockets: scope guard, dialer, budgets, resolver, HTTP and SMTP clients.

/// The network as one target's probes may use it.
pub struct Session {}
