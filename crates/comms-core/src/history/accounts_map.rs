//! The registered accounts, as every webhook needs them.

use std::{collections::HashMap, sync::Arc};

use super::Account;
use crate::AccountId;

/// A snapshot of the registered accounts.
#[derive(Debug, Default)]
pub(super) struct AccountMap {
    by_id: HashMap<AccountId, Arc<Account>>,
    by_parent: HashMap<AccountId, Arc<Account>>,
}

impl AccountMap {
    pub(super) fn new(accounts: Vec<Account>) -> Self {
        let mut map = Self::default();
        for account in accounts.into_iter().map(Arc::new) {
            if let Some(parent) = &account.parent {
                map.by_parent.entry(parent.clone()).or_insert_with(|| account.clone());
            }
            map.by_id.insert(account.id.clone(), account);
        }
        map
    }

    /// The account itself, or one below it where the event concerns a whole business account.
    pub(super) fn find(&self, id: &AccountId) -> Option<&Arc<Account>> {
        self.by_id.get(id).or_else(|| self.by_parent.get(id))
    }
}
