//! Addresses, and the checksum in the letter case of their hex digits (EIP-55).

use super::keccak::keccak256;
use crate::duty::error::{Error, SqlState};
use crate::duty::hex_text;

pub type Address = [u8; 20];

/// An address in any one letter case, or in mixed case with the right checksum: mixed case is there to reveal mistakes.
pub fn parse(argument: &str, text: &str) -> Result<Address, Error> {
    let address = hex_text::parse::<20>(argument, text)?;
    let digits = text.get(2..).unwrap_or_default();
    let has_lower = digits.bytes().any(|digit| digit.is_ascii_lowercase());
    let has_upper = digits.bytes().any(|digit| digit.is_ascii_uppercase());
    if has_lower && has_upper && checksummed(&address).get(2..) != Some(digits) {
        return Err(Error::argument(
            SqlState::INVALID_TEXT_REPRESENTATION,
            argument,
            format!("{argument} is an address with a wrong checksum"),
        )
        .hint("A digit or its letter case is wrong. Compare it with its source; in lower case it is not checked."));
    }
    Ok(address)
}

/// `0x` and 40 hex digits: a letter is upper case where the hash of the lower-case digits has a digit of 8 or above.
pub fn checksummed(address: &Address) -> String {
    let digits = hex_text::with_prefix("", &[address]);
    let hash = keccak256(digits.as_bytes());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let cased = digits.chars().zip(nibbles).map(|(digit, nibble)| match nibble {
        8.. => digit.to_ascii_uppercase(),
        _ => digit,
    });
    "0x".chars().chain(cased).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The list of EIP-55.
    const EIP55: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn the_addresses_of_the_standard() {
        for text in EIP55 {
            assert_eq!(checksummed(&parse("address", text).unwrap()), text);
            let lower = text.to_lowercase();
            assert_eq!(checksummed(&parse("address", &lower).unwrap()), text);
            let upper = format!("0x{}", lower[2..].to_uppercase());
            assert_eq!(checksummed(&parse("address", &upper).unwrap()), text);
        }
    }

    #[test]
    fn a_wrong_letter_case_is_refused() {
        let right = EIP55[4];
        for place in 2..right.len() {
            let digit = &right[place..=place];
            let other = if digit.to_uppercase() == digit { digit.to_lowercase() } else { digit.to_uppercase() };
            if other == digit {
                continue;
            }
            let wrong = format!("{}{other}{}", &right[..place], &right[place + 1..]);
            let error = parse("address", &wrong).unwrap_err();
            assert_eq!(error.code, SqlState::INVALID_TEXT_REPRESENTATION);
            assert_eq!(error.message, "address is an address with a wrong checksum");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_as_the_same(address: Address) {
            prop_assert_eq!(parse("address", &checksummed(&address)).unwrap(), address);
        }

        #[test]
        fn no_text_is_a_panic(text: String) {
            let _ = parse("address", &text);
            let _ = parse("address", &format!("0x{text}"));
        }
    }
}
