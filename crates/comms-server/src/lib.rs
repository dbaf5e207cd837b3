//! The server of the comms toolkit: routes, extractors, composition. Every rule lives in `comms-engine`.
//!
//! `main` and the tests use the same [`app::create_app`] over the same [`startup::Running`].

pub mod answers;
pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod cors;
pub mod dossier;
pub mod errors;
pub mod hooks;
pub mod lenient;
pub mod limits;
pub mod observe;
pub mod registry;
pub mod routes;
mod sockets;
pub mod startup;
pub mod stopping;
pub mod streams;
pub mod typescript;
mod watches;
