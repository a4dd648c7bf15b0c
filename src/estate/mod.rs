//! The embedded demo estate: servers of three offices on loopback.
