//! Reads a body, decompressing as it comes and stopping at the cap.

use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::io::{self, Write};

use super::{super::error::NetError, connect::error_of};
use crate::{model::gap::GapReason, wire::text::clean_bytes};

/// Takes the bytes of a body as they come.
pub(super) enum Sink {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
    /// An encoding that was not offered, which nobody can read.
    Foreign(String),
}

/// Keeps bytes up to a cap and refuses the first one above it.
pub(super) struct Capped {
    bytes: Vec<u8>,
    cap: usize,
    full: bool,
}

impl Sink {
    pub(super) fn new(encodings: &[&[u8]], cap: usize) -> Self {
        let capped = Capped {
            bytes: Vec::new(),
            cap,
            full: false,
        };
        match encodings {
            [] => Self::Plain(capped),
            [one] => match one.trim_ascii().to_ascii_lowercase().as_slice() {
                b"" | b"identity" => Self::Plain(capped),
                b"gzip" | b"x-gzip" => Self::Gzip(Box::new(MultiGzDecoder::new(capped))),
                other => Self::Foreign(clean_bytes(other, 60)),
            },
            _ => Self::Foreign("several encodings".to_owned()),
        }
    }

    /// What was read.
    pub(super) fn into_body(self) -> Vec<u8> {
        match self {
            Self::Plain(capped) => capped.bytes,
            // Unwrapping the decoder would try to finish it, which a cut stream cannot.
            Self::Gzip(mut decoder) => std::mem::take(&mut decoder.get_mut().bytes),
            Self::Foreign(_) => Vec::new(),
        }
    }

    fn push(&mut self, data: &[u8]) -> Result<(), NetError> {
        let result = match self {
            Self::Plain(capped) => capped.write_all(data),
            Self::Gzip(decoder) => decoder.write_all(data),
            Self::Foreign(encoding) => return Err(foreign(encoding)),
        };
        result.map_err(|error| self.fault(&error))
    }

    fn finish(&mut self) -> Result<(), NetError> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish().map_err(|error| self.fault(&error)),
            Self::Plain(_) => Ok(()),
            Self::Foreign(encoding) => Err(foreign(encoding)),
        }
    }

    fn fault(&self, error: &io::Error) -> NetError {
        let (full, cap) = match self {
            Self::Plain(capped) => (capped.full, capped.cap),
            Self::Gzip(decoder) => (decoder.get_ref().full, decoder.get_ref().cap),
            Self::Foreign(_) => (false, 0),
        };
        if full {
            let detail = format!("the body is larger than {} KiB", cap >> 10);
            NetError::new(GapReason::TooLarge, detail)
        } else {
            NetError::new(
                GapReason::Malformed,
                format!("the body is not valid gzip: {error}"),
            )
        }
    }
}

fn foreign(encoding: &str) -> NetError {
    let detail = format!("the body came in an encoding that was not asked for ({encoding})");
    NetError::new(GapReason::Malformed, detail)
}

impl Write for Capped {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = self.cap.saturating_sub(self.bytes.len());
        let taken = data.get(..room).unwrap_or(data);
        self.bytes.extend_from_slice(taken);
        if taken.is_empty() && !data.is_empty() {
            self.full = true;
            return Err(io::Error::other("the cap is reached"));
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a body to its end or to the cap. What came before a failure stays in the sink.
pub(super) async fn read(mut incoming: Incoming, sink: &mut Sink) -> Result<(), NetError> {
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| error_of(&error, "reading the body"))?;
        if let Some(data) = frame.data_ref() {
            sink.push(data)?;
        }
    }
    sink.finish()
}
