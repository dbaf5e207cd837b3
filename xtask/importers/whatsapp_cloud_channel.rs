//! Takes a number as a channel of the domain model, without the engine and without a database.

use std::sync::Arc;

use comms_core::Channel;
use whatsapp_cloud::{Client, WhatsAppChannel};

fn channel(client: Client) -> Arc<dyn Channel> {
    Arc::new(WhatsAppChannel::new(client))
}

fn main() {
    let _ = channel;
}
