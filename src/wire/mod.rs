//! Pure codecs for untrusted bytes and strings.
