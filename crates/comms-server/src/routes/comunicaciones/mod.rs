//! The routes of S0: sending, webhooks, the history.

pub mod adjuntos;
pub mod historial;
pub mod mensajes;
pub mod plantillas;
pub mod rows;
pub mod webhook;
pub mod whatsapp;
