//! The operations, one file for each resource of the provider.

pub mod agents;
pub mod batch_calls;
pub mod conversations;
pub mod twilio;
pub mod webhooks;
pub mod whatsapp;

pub use agents::Agents;
pub use batch_calls::BatchCalls;
pub use conversations::{ConversationFilter, Conversations};
pub use twilio::TwilioCalls;
pub use webhooks::Webhooks;
pub use whatsapp::WhatsApp;
