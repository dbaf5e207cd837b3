//! Which of our accounts something concerns.

use comms_core::{AccountId, Address};
use sha2::{Digest, Sha256};

use crate::PROVIDER;

/// The account of an address of ours, which is known in small letters.
pub(super) fn of_address(address: &str) -> AccountId {
    AccountId::of(PROVIDER, &address.trim().to_lowercase())
}

pub(super) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

/// Our accounts, and what comes for whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    /// The first is that of what names none.
    senders: Vec<AccountId>,
    /// An address or a domain, in small letters, and whose its mail is.
    routes: Vec<(String, AccountId)>,
}

impl Accounts {
    pub(super) fn add(&mut self, account: AccountId) {
        self.senders.push(account);
    }

    pub(super) fn route(&mut self, to: &str, account: AccountId) {
        self.routes.push((to.trim().to_lowercase(), account));
    }

    /// The account of an address of ours: the address itself goes before its domain. One that nobody registered is one of its own, of which
    /// an operator then hears.
    pub(super) fn of(&self, address: &str) -> AccountId {
        let address = address.trim().trim_matches(['<', '>']).to_lowercase();
        let names = [address.as_str(), domain(&address)];
        let mut routes = names.iter().flat_map(|name| self.routes.iter().filter(move |(to, _)| to == name));
        let sender = || names.iter().find_map(|name| self.senders.iter().find(|known| known.external_id() == *name));
        // What is said of an address goes before what is said of a domain, whichever way it was said.
        let exact = self.senders.iter().find(|known| known.external_id() == address);
        let found = exact.or_else(|| routes.next().map(|(_, account)| account)).or_else(sender);
        found.cloned().unwrap_or_else(|| of_address(&address))
    }

    /// The account of what names none.
    pub(super) fn first(&self) -> AccountId {
        self.senders.first().cloned().unwrap_or_else(|| AccountId::of(PROVIDER, "unknown"))
    }

    /// Whether mails of this address are ours.
    pub(super) fn is_ours(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let ours = |known: &AccountId| known.external_id() == address || known.external_id() == domain(&address);
        self.senders.iter().any(ours)
    }
}

/// A recipient as it travels with a mail: SendGrid's staff can read its arguments.
pub(super) fn fingerprint(address: &str) -> String {
    let known = Address::email(address).map_or_else(|_| address.to_owned(), |address| address.value().to_owned());
    hex::encode(&Sha256::digest(known.to_lowercase().as_bytes())[..8])
}
