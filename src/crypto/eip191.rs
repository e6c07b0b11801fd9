//! The digest of a personal message (EIP-191, version 0x45): what `personal_sign` and `eth_sign` sign.

use super::keccak::keccak256_of;

/// The length is that of the bytes, in decimal digits.
pub fn personal_digest(message: &[u8]) -> [u8; 32] {
    let length = message.len().to_string();
    keccak256_of(&[b"\x19Ethereum Signed Message:\n", length.as_bytes(), message])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keccak::keccak256;

    /// As ethers' documentation and eth-account's tests have them.
    #[test]
    fn known_digests() {
        for (message, digest) in [
            (&b"Hello World"[..], "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2"),
            (b"hello world", "d9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68"),
            (b"", "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad"),
        ] {
            assert_eq!(hex::encode(personal_digest(message)), digest, "{message:?}");
        }
    }

    #[test]
    fn the_length_has_as_many_digits_as_it_needs() {
        for length in [1_usize, 9, 10, 32, 99, 100, 1000] {
            let message = vec![b'a'; length];
            let whole = [format!("\x19Ethereum Signed Message:\n{length}").as_bytes(), &message].concat();
            assert_eq!(personal_digest(&message), keccak256(&whole));
        }
    }
}
