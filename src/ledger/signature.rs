//! Ed25519 keys and the signatures of entries: detached, 64 raw bytes beside the entry, so that any tool can check them. The
//! only user of the signing crate; apart from the chain, which holds without keys.

use std::fmt;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use super::{FOLDER, Ledger, hex};
use crate::source::Secret;

/// The half of a key that checks signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A text that is no public key.
#[derive(Debug, thiserror::Error)]
#[error("neither a public key of Ed25519 in PEM nor its 64 hexadecimal digits")]
pub struct NotAKey;

impl PublicKey {
    /// Reads PEM (`-----BEGIN PUBLIC KEY-----`) or 64 hexadecimal digits.
    pub fn read(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        if let Ok(key) = VerifyingKey::from_public_key_pem(text) {
            return Ok(Self(key));
        }
        let bytes = from_hex::<32>(text).ok_or(NotAKey)?;
        // The cause says nothing that the user could make use of.
        VerifyingKey::from_bytes(&bytes).map_or(Err(NotAKey), |key| Ok(Self(key)))
    }

    /// As it stands in the ledger: 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    pub fn pem(&self) -> Result<String> {
        let pem = self.0.to_public_key_pem(LineEnding::LF);
        pem.map_err(|error| anyhow!("the public key cannot be written as PEM: {error}"))
    }

    /// Whether these are the 64 bytes that the private half makes of `bytes`; weak keys and malleable forms are refused.
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let signature = Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", self.hex())
    }
}

/// The half of a key that signs. It cannot be printed.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// A new key, from the random numbers of the operating system.
    pub fn generate() -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads PKCS#8 in PEM; an error says nothing of what was read.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let key = SigningKey::from_pkcs8_pem(pem.trim());
        key.map(Self)
            .map_err(|_unsaid| anyhow!("not a private key of Ed25519 in PEM"))
    }

    /// PKCS#8 in PEM, in the version that every reader knows: without the public half.
    pub fn pem(&self) -> Result<Secret> {
        let pair = KeypairBytes {
            secret_key: self.0.to_bytes(),
            public_key: None,
        };
        let pem = pair.to_pkcs8_pem(LineEnding::LF);
        let pem = pem.map_err(|error| anyhow!("the private key cannot be written as PEM: {error}"))?;
        Ok(Secret::new(pem.to_string()))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The same bytes always have the same signature.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey(… of {})", self.public().hex())
    }
}

impl Ledger {
    /// The signature of an entry, whatever bytes it holds; `None` when there is none.
    pub async fn signature(&self, sequence: u64) -> Result<Option<Bytes>> {
        self.bytes(&signature_path(sequence)).await
    }

    /// Puts the signature of an entry beside it.
    pub async fn put_signature(&self, sequence: u64, signature: [u8; 64]) -> Result<()> {
        let path = signature_path(sequence);
        let put = self.store.put(&path, PutPayload::from(signature.to_vec())).await;
        put.map(|_| ()).with_context(|| format!("{path} cannot be written"))
    }
}

/// Where the signature of an entry stands in the lake.
pub fn signature_path(sequence: u64) -> Path {
    Path::from(format!("{FOLDER}/{sequence:020}.sig"))
}

/// Exactly `N` bytes in hexadecimal digits of either case.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits = digits.filter(|digits| digits.len() == 2 * N)?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| (pair[0] << 4) | pair[1]).collect();
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second test of RFC 8032, section 7.1.
    const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const SIGNED: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                          085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    fn known() -> PrivateKey {
        PrivateKey(SigningKey::from_bytes(&from_hex(SEED).unwrap()))
    }

    #[test]
    fn it_is_the_ed25519_of_the_standard() {
        let key = known();
        assert_eq!(key.public().hex(), PUBLIC);
        assert_eq!(hex(&key.sign(&[0x72])), SIGNED);
        let signature = from_hex::<64>(SIGNED).unwrap();
        let (public, other) = (key.public(), PrivateKey::generate().unwrap().public());
        assert!(public.has_signed(&[0x72], &signature));
        assert!(!public.has_signed(&[0x73], &signature));
        assert!(!public.has_signed(&[0x72], &signature[..63]));
        assert!(!other.has_signed(&[0x72], &signature));
    }

    #[test]
    fn keys_come_back_from_text_and_no_other_text_is_one() {
        let key = known();
        let public = key.public();
        let forms = [public.hex(), public.hex().to_uppercase(), public.pem().unwrap()];
        for form in forms {
            assert_eq!(PublicKey::read(&format!(" {form}\n")).unwrap(), public, "{form}");
        }
        let back = PrivateKey::from_pem(key.pem().unwrap().expose()).unwrap();
        assert_eq!(back.public(), public);
        let secret = key.pem().unwrap();
        for bad in [
            "",
            "12",
            PUBLIC.split_at(62).0,
            &format!("{PUBLIC}00"),
            "é",
            secret.expose(),
        ] {
            assert!(PublicKey::read(bad).is_err(), "{bad}");
        }
        PrivateKey::from_pem(&public.pem().unwrap()).unwrap_err();
    }

    #[test]
    fn a_private_key_is_not_printed() {
        let key = known();
        let error = PrivateKey::from_pem(SEED).unwrap_err();
        for text in [format!("{key:?}"), format!("{:?}", key.pem()), format!("{error:?}")] {
            assert!(!text.contains(SEED) && !text.contains("MC4CAQAw"), "{text}");
        }
    }
}
