//! The one place where Rust's words meet the Spanish ones of table `comunicaciones` and of the HTTP interface.

use crate::{ChannelKind, Direction, Status};

/// `canal` of a channel: `voz sms whatsapp email messenger webchat`.
#[must_use]
pub const fn canal(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Voice => "voz",
        ChannelKind::Sms => "sms",
        ChannelKind::WhatsApp => "whatsapp",
        ChannelKind::Email => "email",
        ChannelKind::Messenger => "messenger",
        ChannelKind::WebChat => "webchat",
    }
}

/// `canal` of a channel as it is stored: the word of [`canal`], or another program's word as it stands.
///
/// ```
/// use comms_core::history::vocabulary::canal_of;
///
/// assert_eq!([canal_of("voice"), canal_of("whatsapp"), canal_of("paloma")], ["voz", "whatsapp", "paloma"]);
/// ```
#[must_use]
pub fn canal_of(stored: &str) -> &str {
    let known: Option<ChannelKind> = serde_json::from_value(stored.into()).ok();
    known.map_or(stored, |channel| canal(channel))
}

/// The channel of a `canal`; `None` for another program's word.
#[must_use]
pub fn channel(canal: &str) -> Option<ChannelKind> {
    Some(match canal {
        "voz" => ChannelKind::Voice,
        "sms" => ChannelKind::Sms,
        "whatsapp" => ChannelKind::WhatsApp,
        "email" => ChannelKind::Email,
        "messenger" => ChannelKind::Messenger,
        "webchat" => ChannelKind::WebChat,
        _ => return None,
    })
}

/// `direccion` of a direction: `entrante` or `saliente`.
#[must_use]
pub const fn direccion(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "entrante",
        Direction::Outbound => "saliente",
    }
}

/// The direction of a `direccion`; `None` for another program's word.
#[must_use]
pub fn direction(direccion: &str) -> Option<Direction> {
    match direccion {
        "entrante" => Some(Direction::Inbound),
        "saliente" => Some(Direction::Outbound),
        _ => None,
    }
}

/// `estado` of a state.
#[must_use]
pub const fn estado(status: Status) -> &'static str {
    match status {
        Status::Scheduled => "programado",
        Status::Queued => "en_cola",
        Status::Sending => "enviando",
        Status::Unknown => "desconocido",
        Status::Canceled => "cancelado",
        Status::Expired => "expirado",
        Status::Accepted | Status::Sent => "enviado",
        Status::Failed => "fallido",
        Status::Delivered => "entregado",
        Status::Read => "leido",
        Status::Received => "recibido",
        Status::CallInitiated => "iniciada",
        Status::CallRinging => "sonando",
        Status::CallInProgress => "en_curso",
        Status::CallCanceled => "cancelada",
        Status::CallBusy => "ocupada",
        Status::CallNoAnswer => "no_contestada",
        Status::CallFailed => "fallida",
        Status::CallEnded | Status::CallCompleted => "completada",
    }
}

/// The states that are shown as this `estado`; empty for a word that is not ours.
#[must_use]
pub fn statuses(estado_word: &str) -> Vec<Status> {
    Status::ALL.into_iter().filter(|status| estado(*status) == estado_word).collect()
}
