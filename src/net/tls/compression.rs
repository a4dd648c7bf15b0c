//! Compressed certificates (RFC 8879), and whether one came.
//!
//! rustls wants decompressors that live for ever, so that a few stand ready and
//! are lent out.

use rustls::{
    CertificateCompressionAlgorithm,
    compress::{CertDecompressor, DecompressionFailed},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// Most handshakes at a time that can take compressed certificates.
const MOST: usize = 64;

static POOL: [Slot; MOST] = [const { Slot::new() }; MOST];

/// A decompressor for one handshake.
#[derive(Debug)]
pub struct Zlib(&'static Slot);

impl Zlib {
    /// Borrows a decompressor; `None` when all are lent out.
    pub fn borrow() -> Option<Self> {
        let free = POOL
            .iter()
            .find(|slot| !slot.lent.swap(true, Ordering::AcqRel))?;
        free.used.store(false, Ordering::Release);
        Some(Self(free))
    }

    /// Whether a compressed certificate came.
    pub fn was_used(&self) -> bool {
        self.0.used.load(Ordering::Acquire)
    }

    pub(super) fn decompressor(&self) -> &'static dyn CertDecompressor {
        self.0
    }
}

impl Drop for Zlib {
    fn drop(&mut self) {
        self.0.lent.store(false, Ordering::Release);
    }
}

#[derive(Debug)]
struct Slot {
    lent: AtomicBool,
    used: AtomicBool,
}

impl Slot {
    const fn new() -> Self {
        Self {
            lent: AtomicBool::new(false),
            used: AtomicBool::new(false),
        }
    }
}

impl CertDecompressor for Slot {
    fn decompress(&self, input: &[u8], output: &mut [u8]) -> Result<(), DecompressionFailed> {
        self.used.store(true, Ordering::Release);
        let mut inflate = flate2::Decompress::new(true);
        // rustls has bounded and sized the output by what the server announced.
        let end = inflate.decompress(input, output, flate2::FlushDecompress::Finish);
        let whole = u64::try_from(output.len()) == Ok(inflate.total_out());
        match end {
            Ok(flate2::Status::StreamEnd) if whole => Ok(()),
            _ => Err(DecompressionFailed),
        }
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::Zlib
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_was_compressed_comes_back() {
        let zlib = Zlib::borrow().expect("a free one");
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&[7; 500]).expect("to memory");
        let packed = packed.finish().expect("to memory");
        assert!(!zlib.was_used());
        let mut output = vec![0; 500];
        assert!(zlib.0.decompress(&packed, &mut output).is_ok());
        assert_eq!(output, [7; 500]);
        for length in [499, 501] {
            assert!(zlib.0.decompress(&packed, &mut vec![0; length]).is_err());
        }
        assert!(zlib.0.decompress(b"no zlib", &mut output).is_err());
        assert!(zlib.was_used());
    }
}
