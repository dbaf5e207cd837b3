//! Who changed their number or id, who does not want to be written to.

use comms_core::{Address, Event, EventKey, EventKind, IdentityChange, OptChange, Party};

use super::events::{About, json, user};
use crate::model::webhook::{Message, System, UserIdUpdate, UserPreference};

impl About {
    pub(super) fn preference(&self, preference: &UserPreference) -> Event {
        let raw = json(preference);
        let opted_in = match preference.value.as_deref() {
            Some("stop") => false,
            Some("resume") => true,
            _ => return self.other("user_preferences".to_owned(), raw),
        };
        let key = EventKey::of_value(&raw);
        let party = self.party(preference.user_id.as_deref(), preference.wa_id.as_deref());
        let subject = party.primary().map_or_else(|| key.as_str().to_owned(), |a| a.value().to_owned());
        let kind = EventKind::Opt(OptChange {
            party,
            opted_in,
            scope: preference.category.clone().unwrap_or_else(|| "marketing_messages".to_owned()),
            raw,
        });
        self.make(subject, key, preference.timestamp, kind)
    }

    pub(super) fn user_id(&self, update: UserIdUpdate) -> Event {
        let raw = json(&update);
        let ids = update.user_id.unwrap_or_default();
        let Some(current) = ids.current else {
            return self.other("user_id_update".to_owned(), raw);
        };
        let key = EventKey::of_value(&raw);
        let kind = EventKind::Identity(IdentityChange {
            previous: ids.previous.map(user),
            previous_aliases: Vec::new(),
            current: self.party(Some(&current), update.wa_id.as_deref()),
            reason: "user_id_update".to_owned(),
            raw,
        });
        self.make(current, key, update.timestamp, kind)
    }
}

/// What a system message says of somebody's number or id; `None` for other news.
pub(super) fn identity_change(message: &Message, system: &System) -> Option<IdentityChange> {
    let reason = system.kind.as_deref()?;
    if !matches!(reason, "user_changed_number" | "user_changed_user_id") {
        return None;
    }
    let number = system.wa_id.as_ref().or(system.new_wa_id.as_ref());
    let from = message.from.as_ref();
    // A change of the id alone leaves the number as it is.
    let current_number = number.or(from.filter(|_| reason == "user_changed_user_id"));
    let previous_user = system
        .previous_user_id
        .as_ref()
        .or(message.from_user_id.as_ref())
        .filter(|id| Some(*id) != system.user_id.as_ref());
    let mut previous = previous_user
        .map(user)
        .into_iter()
        .chain(from.filter(|from| Some(*from) != current_number).map(|from| Address::from_wa_id(from)));
    let addresses: Vec<Address> = system
        .user_id
        .as_ref()
        .map(user)
        .into_iter()
        .chain(current_number.map(|number| Address::from_wa_id(number)))
        .collect();
    if addresses.is_empty() {
        return None;
    }
    Some(IdentityChange {
        previous: previous.next(),
        previous_aliases: previous.collect(),
        current: Party { addresses, ..Party::default() },
        reason: reason.to_owned(),
        raw: json(message),
    })
}
