//! Running an organisation: accounts, tokens, outgoing webhooks; running them all: organisations, quarantine.

pub mod accounts;
pub mod buzones;
pub mod organizations;
pub mod pace;
pub mod personas;
pub mod quarantine;
pub mod salida;
pub mod tokens;
pub mod webhooks;
