//! The rules families, and how each spells what its chains are made of.

use super::error::{Error, SqlState};
use super::hex_text;

/// What makes two messages of a chain slashable. Others are refused by name, so that nobody registers a chain nothing
/// protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// One message for one duty key.
    Aztec,
    /// EIP-3076.
    Ethereum,
    /// One message for one withdrawal, and one state for one sequence.
    Bridge,
}

/// How long a signature is, in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureLength {
    /// 65 bytes: r, s, v.
    Secp256k1,
    /// 96 bytes: a compressed point.
    Bls,
}

impl Rules {
    pub const ALL: [Self; 3] = [Self::Aztec, Self::Ethereum, Self::Bridge];
    pub const NAMES: &str = "aztec, ethereum, bridge";

    pub fn name(self) -> &'static str {
        match self {
            Self::Aztec => "aztec",
            Self::Ethereum => "ethereum",
            Self::Bridge => "bridge",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rules| rules.name() == name)
    }

    /// An address, or a BLS public key.
    pub fn validator_bytes(self) -> i32 {
        match self {
            Self::Aztec | Self::Bridge => 20,
            Self::Ethereum => 48,
        }
    }

    pub fn signature(self) -> SignatureLength {
        match self {
            Self::Aztec | Self::Bridge => SignatureLength::Secp256k1,
            Self::Ethereum => SignatureLength::Bls,
        }
    }

    /// Whether duties are counted in epochs, too.
    pub fn has_epochs(self) -> bool {
        self == Self::Ethereum
    }

    /// Whether slots follow from time. A bridge counts sequences and request ids, and none of them is past by the clock.
    pub fn has_clock(self) -> bool {
        self != Self::Bridge
    }

    /// The identity in its one spelling. 22023 or 22P02 for what is none.
    pub fn parse_identity(self, text: &str) -> Result<String, Error> {
        match self {
            Self::Aztec => parse_contract_identity(text, "an aztec", "rollup"),
            Self::Bridge => parse_contract_identity(text, "a bridge", "bridge contract"),
            Self::Ethereum => {
                let genesis_validators_root: [u8; 32] = hex_text::parse("identity", text)?;
                Ok(hex_text::show(&genesis_validators_root))
            }
        }
    }
}

/// The identity of a chain that lives in a contract: `<L1 chain id>:<address>`, the address in lower case.
fn parse_contract_identity(text: &str, whose: &str, contract: &str) -> Result<String, Error> {
    let malformed = |what: &str| {
        Error::argument(SqlState::INVALID_PARAMETER_VALUE, "identity", format!("identity of {whose} chain {what}"))
            .hint(format!("Give <L1 chain id>:<{contract} address>, such as 1:0x and 40 hex digits."))
    };
    let (l1_chain_id, address) = text.split_once(':').ok_or_else(|| malformed("has no colon"))?;
    let number: u64 = l1_chain_id.parse().map_err(|_| malformed("does not begin with an L1 chain id"))?;
    // One spelling for one chain: +1, 01 and 1 must not be three identities.
    if number.to_string() != l1_chain_id {
        return Err(malformed("has an L1 chain id with a sign or leading zeros"));
    }
    let address: [u8; 20] = hex_text::parse("identity", address)?;
    Ok(format!("{number}:{}", hex_text::show(&address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_one_name() {
        for rules in Rules::ALL {
            assert_eq!(Rules::named(rules.name()), Some(rules));
            assert!(Rules::NAMES.contains(rules.name()));
        }
        assert_eq!(Rules::named("Aztec"), None);
        assert_eq!(Rules::named(""), None);
    }

    #[test]
    fn an_aztec_identity_has_one_spelling() {
        let rollup = "0x603BB2C05D474794EA97805E8DE69BCCFB3BCA12";
        assert_eq!(
            Rules::Aztec.parse_identity(&format!("1:{rollup}")),
            Ok("1:0x603bb2c05d474794ea97805e8de69bccfb3bca12".to_owned())
        );
        for text in [
            "",
            ":",
            "1:",
            "1",
            "01:0x00",
            "+1:0x00",
            "-1:0x00",
            "x:0x00",
            "1:0x00",
            "1:603bb2c05d474794ea97805e8de69bccfb3bca12",
        ] {
            assert!(Rules::Aztec.parse_identity(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_ethereum_identity_is_the_genesis_validators_root() {
        let root = format!("0x{}", "4B".repeat(32));
        assert_eq!(Rules::Ethereum.parse_identity(&root), Ok(root.to_lowercase()));
        for text in ["", "0x", &root[..64], &root[2..], "1:0x603bb2c05d474794ea97805e8de69bccfb3bca12"] {
            assert!(Rules::Ethereum.parse_identity(text).is_err(), "{text:?}");
        }
    }
}
