//! ElevenLabs' own names. Fields that this version does not know are kept where an object is read as a whole, and names that it does not know
//! are kept as they came.

pub mod agent;
pub mod batch;
pub mod call;
pub mod conversation;
pub mod initiation;
pub(crate) mod lenient;
pub mod summary;
pub mod webhook;
pub mod whatsapp;
