//! Lengths, sizes, windows and rates of the platform as constants, each with its page and the month it was read.
//!
//! Lengths are in characters (Unicode scalar values), sizes in bytes.

use std::time::Duration;

/// The Graph API version that is called unless configured otherwise: current since 29 July 2026.
///
/// *See [Graph API docs/Changelog](https://developers.facebook.com/docs/graph-api/changelog) (August 2026)*
pub const API_VERSION: &str = "v26.0";

/// Where the Graph API is.
pub const API_BASE: &str = "https://graph.facebook.com";

/// Hosts besides the API's own that media is fetched from with the token; subdomains included.
///
/// *See [WhatsApp docs/Media](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media) (March 2026)*
pub const MEDIA_HOSTS: [&str; 4] = ["graph.facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net"];

// Text and captions.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages (March 2026)

/// A text message.
pub const TEXT: usize = 4096;
/// The caption of an image, video or document.
pub const CAPTION: usize = 1024;
/// `biz_opaque_callback_data`.
pub const CALLBACK_DATA: usize = 512;
/// Contact cards in one message; fewer are advised.
///
/// *See [WhatsApp docs/Contacts messages](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/contacts-messages) (March 2026)*
pub const CONTACTS: usize = 257;
/// Digits of a phone number, at least and at most (E.164).
pub const PHONE_DIGITS: (usize, usize) = (5, 15);
/// What follows the country code of a business-scoped user id.
///
/// *See [WhatsApp docs/Business-scoped user IDs](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids) (June 2026)*
pub const USER_ID: usize = 128;

// Interactive messages.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-reply-buttons-messages
// and https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages (March 2026)

/// The body of an interactive message other than a list.
pub const INTERACTIVE_BODY: usize = 1024;
/// The body of a list message.
pub const LIST_BODY: usize = 4096;
/// A header of text.
pub const INTERACTIVE_HEADER: usize = 60;
/// A footer.
pub const INTERACTIVE_FOOTER: usize = 60;
/// Reply buttons in one message.
pub const BUTTONS: usize = 3;
/// The text of a button: reply, list or link.
pub const BUTTON_TITLE: usize = 20;
/// The id of a reply button.
pub const BUTTON_ID: usize = 256;
/// Sections of a list or of a product list.
pub const SECTIONS: usize = 10;
/// Rows of a list, all sections together.
pub const ROWS: usize = 10;
/// The title of a section.
pub const SECTION_TITLE: usize = 24;
/// The id of a row.
pub const ROW_ID: usize = 200;
/// The title of a row.
pub const ROW_TITLE: usize = 24;
/// The description of a row.
pub const ROW_DESCRIPTION: usize = 72;
/// Products of a product list, all sections together.
pub const PRODUCTS: usize = 30;
/// Cards of a carousel, at least and at most.
///
/// *See [WhatsApp docs/Media card carousel templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/marketing-templates/media-card-carousel-templates) (March 2026)*
pub const CARDS: (usize, usize) = (2, 10);

// Templates.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components (March 2026)

/// The name of a template: lower-case letters, digits and underscores.
pub const TEMPLATE_NAME: usize = 512;
/// The body of a template.
pub const TEMPLATE_BODY: usize = 1024;
/// A header of text.
pub const TEMPLATE_HEADER: usize = 60;
/// The footer of a template.
pub const TEMPLATE_FOOTER: usize = 60;
/// Buttons of a template.
pub const TEMPLATE_BUTTONS: usize = 10;
/// The text of a template button.
pub const TEMPLATE_BUTTON_TEXT: usize = 25;
/// The address of a link button.
pub const TEMPLATE_URL: usize = 2000;
/// A code to copy (since December 2025).
pub const COUPON_CODE: usize = 20;

// Media.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media (March 2026)

const MIB: u64 = 1024 * 1024;
/// An image: JPEG or PNG.
pub const IMAGE_BYTES: u64 = 5 * MIB;
/// Sound.
pub const AUDIO_BYTES: u64 = 16 * MIB;
/// Film.
pub const VIDEO_BYTES: u64 = 16 * MIB;
/// A document, and anything that arrives.
pub const DOCUMENT_BYTES: u64 = 100 * MIB;
/// An animated sticker; a static one may have 100 KiB.
pub const STICKER_BYTES: u64 = 500 * 1024;
/// How long an uploaded file keeps its id.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// How long an id from a webhook can be looked up (since 9 October 2025).
pub const INBOUND_MEDIA_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// How long a looked-up address works.
pub const MEDIA_URL_LIFE: Duration = Duration::from_secs(5 * 60);
/// How long an upload or download may take: 100 MiB at 3 Mbit/s.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(300);

// Windows and rates.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
// and https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform (March 2026)

/// How long after a person's last message or call free content may be sent.
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);
/// How long Meta tries to deliver; after it a message without `delivered` is lost.
pub const MESSAGE_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// The same for authentication templates.
pub const AUTHENTICATION_LIFE: Duration = Duration::from_secs(600);
/// Messages a second, in and out, for each number; upgraded numbers have 1,000, numbers shared with the app 20.
pub const MESSAGES_PER_SECOND: u32 = 80;
/// One message to the same person in this time, in the long run.
pub const PAIR_INTERVAL: Duration = Duration::from_secs(6);
/// Messages to the same person within [`PAIR_INTERVAL`], borrowed from later.
pub const PAIR_BURST: u32 = 45;
/// The longest wait that [`pair_rate_wait`](crate::error::pair_rate_wait) gives.
pub const PAIR_RATE_LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// How long after its deletion a number can be registered again (code 133015).
pub const NUMBER_DELETION_WAIT: Duration = Duration::from_secs(300);
/// How long a new marketing template takes to be usable (code 134101).
pub const TEMPLATE_SYNC_WAIT: Duration = Duration::from_secs(600);
/// How long a typing indicator shows, unless a message ends it.
pub const TYPING: Duration = Duration::from_secs(25);

// Administration.

/// An override address for webhooks.
///
/// *See [WhatsApp docs/Webhook overrides](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override) (March 2026)*
pub const CALLBACK_URL: usize = 200;
/// Digits of a two-step verification PIN.
pub const PIN_DIGITS: usize = 6;

// Tokens.
// See https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived (August 2026)

/// A token with this much life left is exchanged for a new one.
pub const TOKEN_REFRESH: Duration = Duration::from_secs(20 * 86_400);
/// The time between two attempts to exchange a token that still works.
pub const TOKEN_REFRESH_PAUSE: Duration = Duration::from_secs(3600);
