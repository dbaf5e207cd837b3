//! Who is at an end of a call: as Twilio writes it, and as the model does.

use comms_core::{Address, AddressKind, Party};

use crate::limits;

/// What stands before the identity of a browser or app.
const CLIENT: &str = "client:";
/// What stands before a number that is called over WhatsApp.
const WHATSAPP: &str = "whatsapp:";

/// What Twilio writes where it knows no number.
const NOBODY: [&str; 6] = ["anonymous", "blocked", "private", "restricted", "unavailable", "unknown"];

/// The address that Twilio names; `None` where the number is hidden or not known.
pub(super) fn of(text: &str) -> Option<Address> {
    let text = text.trim();
    if text.is_empty() || limits::HIDDEN_CALLERS.contains(&text) || NOBODY.contains(&&*text.to_ascii_lowercase()) {
        return None;
    }
    if let Some(identity) = text.strip_prefix(CLIENT) {
        return (!identity.is_empty()).then(|| client(identity));
    }
    let number = text.strip_prefix(WHATSAPP).unwrap_or(text);
    let is_number = number.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let kind = if is_number { AddressKind::Phone } else { AddressKind::Other };
    Some(Address::verbatim(kind, number))
}

/// A browser or app: its identity, without what Twilio writes before it.
pub(super) fn client(identity: &str) -> Address {
    Address::verbatim(AddressKind::VoiceClient, identity)
}

/// The identity of a browser or app, however it is written.
pub(super) fn identity(address: &Address) -> &str {
    address.value().strip_prefix(CLIENT).unwrap_or(address.value())
}

/// The address as Twilio wants it.
pub(super) fn written(address: &Address) -> String {
    match address.kind() {
        AddressKind::VoiceClient => format!("{CLIENT}{}", identity(address)),
        _ => address.value().to_owned(),
    }
}

/// Somebody at an end of a call; hidden callers have no address.
pub(super) fn party(text: Option<&str>, name: Option<&str>) -> Party {
    Party { addresses: text.and_then(of).into_iter().collect(), name: name.map(str::to_owned), ..Party::default() }
}
