//! What a signature of a chain must be to be kept.

use super::rules::Rules;

/// How the signatures of a chain are made, and so how they are checked when they are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureScheme {
    /// ECDSA on secp256k1, of the EIP-191 personal message of the hash or of the hash itself: whichever verifies.
    Either,
    /// ECDSA on secp256k1 of the EIP-191 personal message of the hash.
    Eip191,
    /// ECDSA on secp256k1 of the hash itself, as signers of EIP-712 digests do.
    Digest,
    /// Ed25519 of the hash.
    Ed25519,
    /// BLS12-381 of the hash, with keys in G1, as Ethereum's consensus signs roots.
    Bls12381,
    /// Signatures are kept as they come.
    None,
}

impl SignatureScheme {
    pub const ALL: [Self; 6] = [Self::Either, Self::Eip191, Self::Digest, Self::Ed25519, Self::Bls12381, Self::None];

    pub fn name(self) -> &'static str {
        match self {
            Self::Either => "either",
            Self::Eip191 => "eip191",
            Self::Digest => "digest",
            Self::Ed25519 => "ed25519",
            Self::Bls12381 => "bls12_381",
            Self::None => "none",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// Where nothing else was said. A BLS signature takes a millisecond to check, and the signers of Ethereum are the operator's
    /// own: there it is only done where it is asked for.
    pub fn default_of(rules: Rules) -> Self {
        match rules {
            Rules::Aztec | Rules::Bridge => Self::Either,
            Rules::Ethereum => Self::None,
        }
    }

    /// Whether validators of this length can be checked by it: an address, or a public key.
    pub fn is_for(self, validator_bytes: i32) -> bool {
        match self {
            Self::Either | Self::Eip191 | Self::Digest => validator_bytes == 20,
            Self::Ed25519 => validator_bytes == 32,
            Self::Bls12381 => validator_bytes == 48,
            Self::None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_has_one_name() {
        for scheme in SignatureScheme::ALL {
            assert_eq!(SignatureScheme::named(scheme.name()), Some(scheme));
        }
        assert_eq!(SignatureScheme::named("rsa"), None);
        assert_eq!(SignatureScheme::named("EIP191"), None);
    }

    #[test]
    fn the_default_is_for_the_validators_there_are() {
        for rules in Rules::ALL {
            assert!(SignatureScheme::default_of(rules).is_for(rules.validator_bytes()));
        }
        assert!(!SignatureScheme::Either.is_for(48));
        assert!(!SignatureScheme::Bls12381.is_for(20));
        assert!(!SignatureScheme::Ed25519.is_for(20));
    }
}
