//! Which of our accounts something concerns.

use comms_core::{AccountId, Address as Known, AddressKind, Party};

use crate::{Address, Sender, webhook::InboundMessage};

/// SMS and MMS of one number, short code, name or Messaging Service.
pub(super) const SMS: &str = "twilio-sms";
/// WhatsApp of one number.
pub(super) const WHATSAPP: &str = "twilio-whatsapp";
/// The account above all senders, by its `AC…`.
pub(super) const PARENT: &str = "twilio";

/// The account of a sender of ours.
pub(super) fn of_sender(sender: &Sender) -> AccountId {
    match sender {
        Sender::Service(sid) => AccountId::of(SMS, sid),
        Sender::Address(address) => of_address(address),
    }
}

/// The account of an address of ours.
pub(super) fn of_address(address: &Address) -> AccountId {
    let provider = match address {
        Address::Phone(_) | Address::Digits(_) | Address::Name(_) => SMS,
        Address::WhatsApp(_) | Address::WhatsAppUser(_) => WHATSAPP,
        Address::Messenger(_) => "twilio-messenger",
        Address::Rcs(_) => "twilio-rcs",
        Address::Other(_) => "twilio-other",
    };
    AccountId::of(provider, address.id())
}

/// The account above all senders.
pub(super) fn parent(account_sid: Option<&str>) -> AccountId {
    AccountId::of(PARENT, account_sid.unwrap_or_default())
}

/// The address of another party in the model's terms. A short code or a name is no phone number.
pub(super) fn party_address(address: &Address) -> Known {
    if let Some(number) = address.phone() {
        return Known::verbatim(AddressKind::Phone, number);
    }
    match address {
        Address::WhatsApp(id) if !id.starts_with('+') => Known::from_wa_id(id),
        Address::WhatsAppUser(id) => Known::verbatim(AddressKind::WhatsAppUser, id),
        Address::Messenger(id) => Known::verbatim(AddressKind::Psid, id),
        other => Known::verbatim(AddressKind::Other, other.to_wire()),
    }
}

/// Who wrote a message: a user id before a number, since numbers change hands and may be hidden.
pub(super) fn writer(message: &InboundMessage) -> Party {
    let named = [message.whatsapp.external_user_id.as_ref(), message.from.as_ref()];
    let mut addresses: Vec<Known> = named.into_iter().flatten().map(party_address).collect();
    addresses.extend(message.whatsapp.wa_id.as_deref().map(Known::from_wa_id));
    addresses.sort_by_key(|address| address.kind() != AddressKind::WhatsAppUser);
    let mut seen = Vec::new();
    addresses.retain(|address| {
        !seen.contains(address) && {
            seen.push(address.clone());
            true
        }
    });
    Party { addresses, name: message.whatsapp.profile_name.clone(), username: message.whatsapp.username.clone() }
}
