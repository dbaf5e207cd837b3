//! The numbers of an organisation from which it calls.

use comms_core::{
    AccountId, Address, ChannelKind, OrganizationId, UserId,
    history::{Account, RepositoryResult},
    phone_facts,
};

use crate::Engine;

/// The voice accounts of an organisation that are in use.
pub(crate) struct Lines(Vec<Account>);

impl Engine {
    /// The lines of an organisation, the preferred ones first.
    pub(crate) async fn lines(&self, organization: &OrganizationId) -> RepositoryResult<Lines> {
        let mut accounts = self.repository().accounts(Some(organization)).await?;
        accounts.retain(|account| account.channel == ChannelKind::Voice && account.active);
        let order = self.channels().accounts(ChannelKind::Voice);
        accounts.sort_by_key(|account| order.iter().position(|id| *id == account.id).unwrap_or(usize::MAX));
        Ok(Lines(accounts))
    }
}

impl Lines {
    /// The line of a user: their own, else the first. One that names the account above it is called through that one only:
    /// whoever holds the keys of another account cannot call in its name.
    pub(crate) fn of(&self, user: &UserId, above: &AccountId) -> Option<&Account> {
        let below = |account: &&Account| account.parent.as_ref().is_none_or(|parent| parent == above);
        let mut fit = self.0.iter().filter(below);
        let first = fit.clone().next();
        fit.find(|account| account.owner.as_ref() == Some(user)).or(first)
    }

    /// The line with this id.
    pub(crate) fn with_id(&self, id: &AccountId) -> Option<&Account> {
        self.0.iter().find(|account| account.id == *id)
    }

    /// The line that this number belongs to, or whose calls show it; where several do, the preferred one.
    pub(crate) fn showing(&self, number: &Address, preferred: Option<&AccountId>) -> Option<&Account> {
        let shows = |account: &&Account| numbers(account).any(|own| own == *number);
        let mut fit = self.0.iter().filter(shows);
        let first = fit.clone().next();
        fit.find(|account| Some(&account.id) == preferred).or(first)
    }

    /// The countries of the lines, where the numbering plans place them.
    pub(crate) fn countries(&self) -> Vec<String> {
        self.0.iter().flat_map(numbers).filter_map(|number| phone_facts(number.value()).country).collect()
    }
}

/// What the calls of a line show: its caller id, else its own number. `None` where neither is a phone number.
pub(crate) fn caller_id(line: &Account) -> Option<Address> {
    numbers(line).next()
}

/// The caller id and the number of a line, as far as they are phone numbers.
fn numbers(line: &Account) -> impl Iterator<Item = Address> {
    let written = [line.caller_id.as_deref(), Some(line.id.external_id())];
    written.into_iter().flatten().filter_map(|number| Address::phone(number, None).ok())
}
