//! An address with the name beside it.

use comms_http::{Error, ErrorKind, Outcome, Result};
use serde::{Deserialize, Serialize};

/// An address with the name beside it.
///
/// ```
/// use comms_mime::Mailbox;
///
/// let ana = Mailbox::new("Ana@Exämple.org")?.named("Ana Pérez")?;
/// assert_eq!(ana.address(), "Ana@xn--exmple-cua.org");
/// // A name that would write a header of its own is refused.
/// assert!(ana.named("Ana\r\nBcc: all@example.org").is_err());
/// # Ok::<(), comms_mime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mailbox {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    address: String,
}

impl Mailbox {
    /// An address to be written to: its domain in lower case and in ASCII.
    ///
    /// # Errors
    /// `InvalidRecipient` for what is no address, or has letters beyond ASCII before its `@`, which few servers take.
    pub fn new(address: &str) -> Result<Self> {
        let address = address.trim();
        let refuse = |why: &str| Error::new(ErrorKind::InvalidRecipient, Outcome::Rejected, why).field("address");
        let (local, domain) = address.rsplit_once('@').ok_or_else(|| refuse("not an e-mail address: it has no @"))?;
        if !local.is_ascii() {
            return Err(refuse(
                "an e-mail address with letters beyond ASCII before its @ is not deliverable everywhere",
            ));
        }
        let domain = idna::domain_to_ascii(domain).map_err(|_| refuse("not an e-mail address: its domain is none"))?;
        let address = format!("{local}@{domain}");
        let parsed: std::result::Result<lettre::Address, _> = address.parse();
        parsed.map_err(|_| refuse("not an e-mail address"))?;
        Ok(Self { name: None, address })
    }

    /// With this name beside it.
    ///
    /// # Errors
    /// `InvalidRequest` for a name with a line break or another control character.
    pub fn named(mut self, name: &str) -> Result<Self> {
        crate::names::check_line(name, "name")?;
        let name = name.trim();
        self.name = (!name.is_empty()).then(|| name.to_owned());
        Ok(self)
    }

    /// An address as a message names it, without a check: it is shown, and compared, and checked again before it is written to.
    pub(crate) fn read(name: Option<&str>, address: &str) -> Self {
        let name = name.map(crate::names::shown).filter(|name| !name.is_empty());
        let address = crate::names::shown(address);
        let address = match address.rsplit_once('@') {
            Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
            None => address,
        };
        Self { name, address }
    }

    /// The name beside it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address without the name.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// For the builder of messages. `=?` at the beginning of a word would be read as a word in another charset.
    pub(crate) fn to_lettre(&self) -> Result<lettre::message::Mailbox> {
        let parsed = self.address.parse().map_err(|_| {
            Error::new(ErrorKind::InvalidRecipient, Outcome::Rejected, "not an e-mail address").field("address")
        })?;
        let name = self.name.as_ref().map(|name| name.replace("=?", "= ?"));
        if let Some(name) = &name {
            crate::names::check_line(name, "name")?;
        }
        Ok(lettre::message::Mailbox::new(name, parsed))
    }
}
