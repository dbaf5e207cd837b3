//! Secrets at rest: encrypted with a key that the database does not hold.

use std::fmt;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, KeyInit, Payload},
};
use comms_core::{ExposeSecret, Secret};
use sha2::{Digest, Sha256};

/// The length of a key, in bytes.
const KEY_LENGTH: usize = 32;
/// The form of what is written, so that another can follow it.
const FORM: &str = "v1";

/// Encrypts secrets that are stored and must be read again: keys of webhooks, tokens of mailboxes.
///
/// XChaCha20-Poly1305 with a random nonce. What a secret belongs to is authenticated with it, so that nobody who writes to the
/// database can put one secret in the place of another. The name of its key is in each, so that a key can be changed:
/// what was written under the previous one is read as long as that is given too.
///
/// ```
/// use comms_core::{ExposeSecret, Secret};
/// use comms_engine::Vault;
///
/// let vault = Vault::new(&Secret::from("0".repeat(64)), None)?;
/// let sealed = vault.seal("mailbox 7", &Secret::from("a refresh token"))?;
/// assert_eq!(vault.open("mailbox 7", &sealed)?.expose_secret(), "a refresh token");
/// assert!(vault.open("mailbox 8", &sealed).is_err());
/// # Ok::<(), comms_engine::VaultError>(())
/// ```
pub struct Vault {
    /// The first one writes.
    keys: Vec<(String, XChaCha20Poly1305)>,
}

/// Why a secret cannot be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The key is not 32 bytes.
    #[error("the encryption key is not 32 bytes in base64 or hexadecimal: `openssl rand -base64 32` makes one")]
    Key,
    /// It was written under a key that is not given.
    #[error("it was encrypted with another key than the present and the previous one")]
    OtherKey,
    /// It is not what was written, or belongs elsewhere.
    #[error("it is damaged, or belongs to something else")]
    Damaged,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl Vault {
    /// A vault that writes under `key` and reads what was written under either. A key is 32 bytes, in base64 or hexadecimal.
    ///
    /// # Errors
    /// [`VaultError::Key`].
    pub fn new(key: &Secret, previous: Option<&Secret>) -> Result<Self, VaultError> {
        let keys = [Some(key), previous].into_iter().flatten().map(read_key).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// The name of the key that writes. It tells nothing of the key.
    #[must_use]
    pub fn key_name(&self) -> &str {
        self.keys.first().map_or("", |(name, _)| name)
    }

    /// Whether this was written under the key that writes.
    #[must_use]
    pub fn is_present(&self, sealed: &str) -> bool {
        let mut parts = sealed.splitn(3, '.');
        (parts.next(), parts.next()) == (Some(FORM), Some(self.key_name()))
    }

    /// Encrypts a secret of `context`: what it belongs to.
    ///
    /// # Errors
    /// [`VaultError::Random`].
    pub fn seal(&self, context: &str, secret: &Secret) -> Result<String, VaultError> {
        let (name, cipher) = self.keys.first().ok_or(VaultError::Key)?;
        let nonce = XNonce::from(random::<24>()?);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: context.as_bytes() };
        let sealed = cipher.encrypt(&nonce, payload).map_err(|_| VaultError::Damaged)?;
        Ok(format!("{FORM}.{name}.{}", URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Decrypts what [`seal`](Self::seal) wrote for the same `context`.
    ///
    /// # Errors
    /// [`VaultError::OtherKey`], [`VaultError::Damaged`].
    pub fn open(&self, context: &str, sealed: &str) -> Result<Secret, VaultError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(FORM), Some(name), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VaultError::Damaged);
        };
        let (_, cipher) = self.keys.iter().find(|(known, _)| known == name).ok_or(VaultError::OtherKey)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| VaultError::Damaged)?;
        let (nonce, msg) = bytes.split_first_chunk::<24>().ok_or(VaultError::Damaged)?;
        let payload = Payload { msg, aad: context.as_bytes() };
        let plain = cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain).map(Secret::from).map_err(|_| VaultError::Damaged)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vault").field(&self.keys.iter().map(|(name, _)| name).collect::<Vec<_>>()).finish()
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    <[u8; N]>::try_generate().map_err(|_| VaultError::Random)
}

/// A key with its name: a part of its hash, which tells nothing of it.
fn read_key(text: &Secret) -> Result<(String, XChaCha20Poly1305), VaultError> {
    let text = text.expose_secret().trim();
    let bytes = match hex::decode(text) {
        Ok(bytes) => bytes,
        Err(_) => STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).map_err(|_| VaultError::Key)?,
    };
    let bytes: [u8; KEY_LENGTH] = bytes.try_into().map_err(|_| VaultError::Key)?;
    let name = Sha256::new().chain_update(b"comms vault key\0").chain_update(bytes).finalize();
    Ok((hex::encode(&name[..4]), XChaCha20Poly1305::new(&Key::from(bytes))))
}
