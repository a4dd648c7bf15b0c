//! What a reader could try.
