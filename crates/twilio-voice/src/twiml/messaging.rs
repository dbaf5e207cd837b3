//! Answers to messages.
//!
//! ```
//! use twilio_voice::twiml::{MessagingResponse, messaging::{Body, Media, Message}};
//!
//! let message = Message::default().with(Body::new("Here you are")).with(Media::new("https://example.com/1.png"));
//! assert!(MessagingResponse::new().message(message).to_xml().ends_with(concat!(
//!     "<Response><Message><Body>Here you are</Body><Media>https://example.com/1.png</Media></Message></Response>"
//! )));
//! ```

use super::{
    Method, Redirect,
    table::{elements, response},
};

response! {
    /// What Twilio does with a message that has come in.
    ///
    /// *See [Twilio docs/TwiML for Messaging](https://www.twilio.com/docs/messaging/twiml)*
    MessagingResponse {
        message: Message,
        redirect: Redirect,
    }
}

elements! {
    /// Sends a message: its text, or [`Body`] and [`Media`] inside.
    ///
    /// *See [Twilio docs/Message](https://www.twilio.com/docs/messaging/twiml/message)*
    Message "Message" (text) in [MessagingResponse] {
        /// Where Twilio asks for the next TwiML when this verb has ended.
        action "action" text,
        /// The number that sends (attribute `from`).
        sender "from" text,
        /// With which method [`action`](Self::action) is called.
        method "method" one<Method>,
        /// Where the progress of the message is reported.
        status_callback "statusCallback" text,
        /// The number that receives (attribute `to`); the one who wrote unless set.
        recipient "to" text,
    }

    /// The text of a message.
    ///
    /// *See [Twilio docs/Body](https://www.twilio.com/docs/messaging/twiml/body)*
    Body "Body" (text) in [Message] {
    }

    /// A file of an MMS or a WhatsApp message, by its address.
    ///
    /// *See [Twilio docs/Media](https://www.twilio.com/docs/messaging/twiml/media)*
    Media "Media" (text) in [Message] {
    }
}
