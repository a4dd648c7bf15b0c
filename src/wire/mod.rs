//! Pure codecs for untrusted bytes and strings.

pub mod text;
