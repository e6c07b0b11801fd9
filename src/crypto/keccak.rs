//! keccak256: SHA-3 with the padding from before it was a standard, which Ethereum kept.

use sha3::{Digest, Keccak256};

pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// The hash of the parts, one after the other.
pub fn keccak256_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Keccak256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Keccak's authors (ShortMsgKAT_256) and those that every Ethereum client has as constants.
    #[test]
    fn known_hashes() {
        for (bytes, hash) in [
            (&b""[..], "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
            (b"\xcc", "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a"),
            (b"\x80", "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"),
            (b"Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
        ] {
            assert_eq!(hex::encode(keccak256(bytes)), hash);
        }
    }

    #[test]
    fn parts_are_one_text() {
        assert_eq!(keccak256_of(&[b"ab", b"", b"c"]), keccak256(b"abc"));
        assert_eq!(keccak256_of(&[]), keccak256(b""));
    }
}
