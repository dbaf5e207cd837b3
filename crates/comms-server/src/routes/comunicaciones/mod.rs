//! The routes of S0: sending, calls, webhooks, the history; and the desk: conversations, contacts.

pub mod adjuntos;
pub mod buzon;
pub mod buzon_rows;
pub mod contactos;
pub mod conversaciones;
pub mod email;
pub(crate) mod envio;
pub mod historial;
pub mod mensajes;
pub mod notas;
pub mod plantillas;
pub mod responder;
pub mod rows;
pub mod sms;
pub mod voz;
pub mod webhook;
pub mod whatsapp;
