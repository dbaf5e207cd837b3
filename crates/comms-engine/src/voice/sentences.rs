//! What is said to a person on the line. Spanish, like everything that users of the business read.

use crate::Code;

/// Nobody is there for the caller, and no voicemail is taken.
pub(super) const NOBODY: &str = "En este momento no podemos atenderle. Llame más tarde, por favor. Gracias.";

/// The other party was called, and the browser of the user who called them does not answer.
pub(super) const USER_AWAY: &str = "Disculpe, la persona que le llamaba no puede atenderle ahora. Volverá a llamarle.";

/// Why a call is not put through, for the user who wanted it.
pub(super) const fn refusal(code: Code) -> &'static str {
    match code {
        Code::InvalidRecipient => "El número marcado no es válido.",
        Code::ForbiddenDestination => "No está permitido llamar a este destino.",
        Code::CostlyDestination => "No está permitido llamar a números de tarificación especial.",
        Code::DailyCallLimit => "Ha alcanzado el límite diario de llamadas.",
        Code::ForbiddenCallerId | Code::ChannelNotConfigured => "No hay ningún número configurado para hacer llamadas.",
        Code::OptedOut => "El destinatario pidió no recibir llamadas.",
        Code::ForeignLead => "El lead está asignado a otro vendedor.",
        Code::ForeignClient => "El cliente está asignado a otro vendedor.",
        Code::ForeignContract => "El contrato está asignado a otro vendedor.",
        Code::LeadNotFound => "El lead no existe.",
        Code::ClientNotFound => "El cliente no existe.",
        Code::ContractNotFound => "El contrato no existe.",
        _ => "No se puede hacer la llamada.",
    }
}
