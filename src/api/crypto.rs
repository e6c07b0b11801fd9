//! Hashes, addresses and signatures. Each where a person would type it has a twin for hex text.

use super::entry::{sql_functions, JsonText};
use crate::crypto::address::{self, checksummed};
use crate::crypto::secp256k1::{self, PublicKey, Refused};
use crate::crypto::signer::Signer;
use crate::crypto::{eip191, eip712, keccak};
use crate::duty::error::{required, Error, SqlState};
use crate::duty::hex_text;

sql_functions! {
    /// The hash of bytes.
    fn keccak256(bytes: Vec<u8>) -> Vec<u8> {
        Ok(keccak::keccak256(&required("bytes", bytes)?).to_vec())
    }

    fn keccak256_text as keccak256(bytes: String) -> String {
        Ok(hex_text::show(&keccak::keccak256(&read("bytes", bytes)?)))
    }

    /// The address of a public key of 33, 64 or 65 bytes. Raises 22P02 for anything else.
    fn public_key_to_address(public_key: Vec<u8>) -> Vec<u8> {
        Ok(PublicKey::parse("public_key", &required("public_key", public_key)?)?.address().to_vec())
    }

    fn public_key_to_address_text as public_key_to_address(public_key: String) -> String {
        Ok(checksummed(&PublicKey::parse("public_key", &read("public_key", public_key)?)?.address()))
    }

    /// An address as EIP-55 writes it. Raises 22P02 for what is none, and for mixed letter case with a wrong checksum.
    fn checksum_address(address: String) -> String {
        address::parse("address", &required("address", address)?).map(|address| checksummed(&address))
    }

    /// Who has signed. `digest`: 32 bytes. `signature`: 65 bytes, r, s and v. Raises SG006 for a signature that no key can
    /// have given, 22P02 for other lengths.
    fn ecdsa_recover(digest: Vec<u8>, signature: Vec<u8>) -> Vec<u8> {
        recover(&required("digest", digest)?, &required("signature", signature)?).map(|key| key.address().to_vec())
    }

    fn ecdsa_recover_text as ecdsa_recover(digest: String, signature: String) -> String {
        recover(&read("digest", digest)?, &read("signature", signature)?).map(|key| checksummed(&key.address()))
    }

    /// Has this signer given this signature of this digest of 32 bytes? False for another's and for one that no key can have
    /// given.
    ///
    /// `signer`: of secp256k1 an address of 20 bytes or a public key of 33, 64 or 65, whose signatures have 65 bytes; a public
    /// key of ed25519, 32 bytes, whose signatures have 64; or one of BLS12-381, 48 bytes, whose signatures have 96. Raises 22P02
    /// for other lengths, for a signature of another length than the signer's, and for a public key that is none.
    fn verify_signature(digest: Vec<u8>, signature: Vec<u8>, signer: Vec<u8>) -> bool {
        verify(
            &required("digest", digest)?,
            &required("signature", signature)?,
            &Signer::parse("signer", &required("signer", signer)?)?,
        )
    }

    /// An address in mixed letter case must have the right checksum.
    fn verify_signature_text as verify_signature(digest: String, signature: String, signer: String) -> bool {
        let (digest, signature) = (read("digest", digest)?, read("signature", signature)?);
        let text = required("signer", signer)?;
        let bytes = hex_text::parse_any_length("signer", &text)?;
        let signer = match bytes.len() {
            20 => Signer::Secp256k1(secp256k1::Signer::Address(address::parse("signer", &text)?)),
            _ => Signer::parse("signer", &bytes)?,
        };
        verify(&digest, &signature, &signer)
    }

    /// What `personal_sign` signs for these bytes.
    fn eip191_digest(message: Vec<u8>) -> Vec<u8> {
        Ok(eip191::personal_digest(&required("message", message)?).to_vec())
    }

    fn eip191_digest_text as eip191_digest(message: String) -> String {
        Ok(hex_text::show(&eip191::personal_digest(&read("message", message)?)))
    }

    /// What `eth_signTypedData_v4` signs. Faults name the field: 22P02 for what is not of its type, 22003 for a number out of
    /// its range, 22023 for missing members, unknown types and the like.
    fn eip712_digest(typed_data: JsonText) -> Vec<u8> {
        eip712::digest(&required("typed_data", typed_data)?.0).map(|digest| digest.to_vec())
    }

    fn eip712_digest_parts as eip712_digest(domain: JsonText, types: JsonText, message: JsonText) -> Vec<u8> {
        eip712::digest_of_parts(
            &required("domain", domain)?.0,
            &required("types", types)?.0,
            &required("message", message)?.0,
        )
        .map(|digest| digest.to_vec())
    }
}

/// Bytes that are given as hex text.
fn read(argument: &str, text: Option<String>) -> Result<Vec<u8>, Error> {
    hex_text::parse_any_length(argument, &required(argument, text)?)
}

fn recover(digest: &[u8], signature: &[u8]) -> Result<PublicKey, Error> {
    let (digest, signature) = (exactly("digest", digest)?, exactly("signature", signature)?);
    secp256k1::recover(digest, signature).map_err(|refused| {
        Error::argument(SqlState::BAD_SIGNATURE, "signature", format!("signature does not verify: {refused}")).hint(
            match refused {
                Refused::HighS => {
                    "Only the signature with the low s counts: a signer that makes others is not to be used."
                }
                _ => "Are r, s and v in this order, and is the digest the one that was signed?",
            },
        )
    })
}

fn verify(digest: &[u8], signature: &[u8], signer: &Signer) -> Result<bool, Error> {
    signer.has_signed("signature", exactly("digest", digest)?, signature)
}

fn exactly<'a, const N: usize>(argument: &str, bytes: &'a [u8]) -> Result<&'a [u8; N], Error> {
    bytes.try_into().map_err(|_| hex_text::wrong_length(argument, bytes.len(), &N.to_string()))
}
