//! Key exchanges by RSA whose padding is right, or wrong in a chosen way
//! (RFC 8017 section 7.2, RFC 5246 section 7.4.7.1), to find out whether a
//! server tells them apart.

use num_bigint::BigUint;

/// How a premaster secret is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// As it should be.
    Right,
    /// It does not begin with 0 and 2.
    WrongBegin,
    /// The zero that ends the padding stands at the wrong place.
    ZeroMisplaced,
    /// No zero ends the padding.
    NoZero,
    /// Another version in the secret than in the hello.
    WrongVersion,
}

impl Padding {
    /// All of them, the right one first.
    pub const ALL: [Self; 5] = [
        Self::Right,
        Self::WrongBegin,
        Self::ZeroMisplaced,
        Self::NoZero,
        Self::WrongVersion,
    ];

    /// The padded secret for a modulus of `length` bytes. `None` for a modulus
    /// that is too small for a premaster secret.
    fn block(self, length: usize, minor: u8, random: [u8; 48]) -> Option<Vec<u8>> {
        let fill = length.checked_sub(51).filter(|fill| *fill >= 8)?;
        let mut block = vec![0, 2];
        // Any bytes but zero.
        block.extend((0..fill).map(|at| random.get(at % 48).map_or(1, |byte| byte | 1)));
        block.push(0);
        block.extend([3, minor]);
        block.extend(random.iter().skip(2).map(|byte| byte | 1));
        let zero = length.checked_sub(49)?;
        match self {
            Self::Right => {}
            Self::WrongBegin => {
                *block.get_mut(0)? = 0x41;
                *block.get_mut(1)? = 0x17;
            }
            Self::ZeroMisplaced => {
                *block.get_mut(zero)? = 0x11;
                *block.get_mut(length.checked_sub(10)?)? = 0;
            }
            Self::NoZero => *block.get_mut(zero)? = 0x11,
            Self::WrongVersion => {
                *block.get_mut(zero + 1)? = 2;
                *block.get_mut(zero + 2)? = 2;
            }
        }
        (block.len() == length).then_some(block)
    }
}

/// Largest modulus that is used, in bytes.
const MAX_MODULUS: usize = 2_048;

/// A ClientKeyExchange with a padded secret, encrypted to a key. `minor` is
/// the low byte of the version. `None` for keys that cannot be used.
pub fn client_key_exchange(
    padding: Padding,
    modulus: &[u8],
    exponent: &[u8],
    minor: u8,
    random: [u8; 48],
) -> Option<Vec<u8>> {
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let modulus = modulus.get(zeros..)?;
    let length = modulus.len();
    if length > MAX_MODULUS || exponent.len() > 8 {
        return None;
    }
    let mut block = padding.block(length, minor, random)?;
    let n = BigUint::from_bytes_be(modulus);
    // Begins with 0x41: still below the modulus, or made so.
    if BigUint::from_bytes_be(&block) >= n {
        *block.get_mut(0)? = 0;
    }
    let encrypted = BigUint::from_bytes_be(&block)
        .modpow(&BigUint::from_bytes_be(exponent), &n)
        .to_bytes_be();
    let mut out = vec![16, 0];
    let size = u16::try_from(length).ok()?;
    out.extend_from_slice(&(size.checked_add(2)?).to_be_bytes());
    out.extend_from_slice(&size.to_be_bytes());
    out.extend(std::iter::repeat_n(0, length.checked_sub(encrypted.len())?));
    out.extend_from_slice(&encrypted);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paddings_are_right_and_wrong_as_named() {
        let block = |padding: Padding| padding.block(256, 3, [0x55; 48]).expect("large enough");
        let right = block(Padding::Right);
        assert_eq!((right[0], right[1], right[207]), (0, 2, 0));
        assert_eq!((right[208], right[209], right.len()), (3, 3, 256));
        assert!(right[2..207].iter().all(|byte| *byte != 0));
        assert_eq!(block(Padding::WrongBegin)[..2], [0x41, 0x17]);
        let misplaced = block(Padding::ZeroMisplaced);
        assert_eq!((misplaced[207], misplaced[246]), (0x11, 0));
        assert!(block(Padding::NoZero)[2..].iter().all(|byte| *byte != 0));
        assert_eq!(block(Padding::WrongVersion)[208..210], [2, 2]);
        assert_eq!(Padding::Right.block(58, 3, [1; 48]), None);
    }

    #[test]
    fn the_message_has_the_length_of_the_modulus() {
        let mut modulus = vec![0, 0xc1];
        modulus.extend([0x77; 254]);
        modulus.push(0x0b);
        for padding in Padding::ALL {
            let message = client_key_exchange(padding, &modulus, &[1, 0, 1], 3, [9; 48]);
            let message = message.expect("a usable key");
            assert_eq!(message.len(), 4 + 2 + 256);
            assert_eq!(message[..6], [16, 0, 1, 2, 1, 0]);
        }
        assert_eq!(
            client_key_exchange(Padding::Right, &[], &[3], 3, [9; 48]),
            None
        );
        assert_eq!(
            client_key_exchange(Padding::Right, &[1; 3_000], &[3], 3, [9; 48]),
            None
        );
    }
}
