//! The registered accounts, as every webhook needs them.

use std::{collections::HashMap, sync::Arc};

use super::Account;
use crate::AccountId;

/// A snapshot of the registered accounts.
#[derive(Debug, Default)]
pub(super) struct AccountMap {
    by_id: HashMap<AccountId, Arc<Account>>,
    by_parent: HashMap<AccountId, Vec<Arc<Account>>>,
}

impl AccountMap {
    pub(super) fn new(accounts: Vec<Account>) -> Self {
        let mut map = Self::default();
        for account in accounts.into_iter().map(Arc::new) {
            if let Some(parent) = &account.parent {
                map.by_parent.entry(parent.clone()).or_default().push(account.clone());
            }
            map.by_id.insert(account.id.clone(), account);
        }
        map
    }

    /// The account itself, or the first below it where the event concerns a whole business account.
    ///
    /// None where the accounts below it belong to several organisations: which of them is meant cannot be told, until the
    /// account above is registered itself as one organisation's.
    pub(super) fn find(&self, id: &AccountId) -> Option<&Arc<Account>> {
        self.by_id.get(id).or_else(|| {
            let below = self.by_parent.get(id)?;
            let first = below.first()?;
            below.iter().all(|account| account.organization == first.organization).then_some(first)
        })
    }

    /// The accounts that may have the message which an event of `told` names: `found` for it, and those below of the same
    /// organisation.
    pub(super) fn family(&self, found: &Account, told: &AccountId) -> Vec<String> {
        let below = self.by_parent.get(told).into_iter().flatten();
        let below = below.filter(|account| account.organization == found.organization && account.id != found.id);
        std::iter::once(&found.id).chain(below.map(|account| &account.id)).map(|id| id.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChannelKind;

    fn account(id: &str, organization: &str) -> Account {
        Account {
            id: AccountId::new(id),
            organization: organization.into(),
            channel: ChannelKind::Voice,
            name: None,
            parent: Some(AccountId::new("twilio:above")),
            owner: None,
            caller_id: None,
            active: true,
        }
    }

    #[test]
    fn an_account_above_stands_for_those_below_it() {
        let map = AccountMap::new(vec![account("a:1", "one"), account("b:1", "one")]);
        let above = AccountId::new("twilio:above");
        let found = map.find(&above).map(|found| found.id.as_str().to_owned());
        assert_eq!(found.as_deref(), Some("a:1"));
        assert_eq!(map.family(&account("a:1", "one"), &above), ["a:1", "b:1"]);
        assert_eq!(map.family(&account("b:1", "one"), &AccountId::new("b:1")), ["b:1"]);
    }

    #[test]
    fn an_account_above_two_organisations_is_nobodys_until_it_is_registered() {
        let mut accounts = vec![account("a:1", "one"), account("b:1", "two")];
        let above = AccountId::new("twilio:above");
        assert!(AccountMap::new(accounts.clone()).find(&above).is_none());
        accounts.push(Account { parent: None, ..account("twilio:above", "two") });
        let map = AccountMap::new(accounts);
        let found = map.find(&above).map(|found| found.as_ref().clone());
        assert_eq!(found.as_ref().map(|found| found.organization.as_str()), Some("two"));
        assert_eq!(
            found.map(|found| map.family(&found, &above)),
            Some(vec!["twilio:above".to_owned(), "b:1".to_owned()])
        );
    }
}
