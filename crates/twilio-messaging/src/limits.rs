//! Lengths, sizes and times of the platform as constants, each with its page and the month it was read.
//!
//! Lengths are in characters (Unicode scalar values), sizes in bytes.

use std::time::Duration;

/// The text of a message.
///
/// *See [Twilio docs/Messages resource](https://www.twilio.com/docs/messaging/api/message-resource) (April 2026)*
pub const BODY: usize = 1_600;

/// Files in one SMS or MMS.
///
/// *See [Twilio docs/Messages resource](https://www.twilio.com/docs/messaging/api/message-resource) (April 2026)*
pub const MEDIA: usize = 10;

/// Files in one WhatsApp message.
///
/// *See [Twilio docs/WhatsApp media messages](https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages) (April 2026)*
pub const WHATSAPP_MEDIA: usize = 1;

/// All files of an MMS together.
///
/// *See [Twilio docs/Accepted content types](https://www.twilio.com/docs/messaging/guides/accepted-mime-types) (April 2026)*
pub const MMS_BYTES: u64 = 5 * 1024 * 1024;

/// A file of a WhatsApp message.
///
/// *See [Twilio docs/WhatsApp media messages](https://www.twilio.com/docs/whatsapp/guidance-whatsapp-media-messages) (April 2026)*
pub const WHATSAPP_MEDIA_BYTES: u64 = 16 * 1024 * 1024;

/// How long a message may wait in Twilio's queue, at most.
///
/// *See [Twilio docs/Messages resource](https://www.twilio.com/docs/messaging/api/message-resource) (April 2026)*
pub const VALIDITY_SECONDS: u32 = 36_000;

/// How far ahead a message must be scheduled: more than this.
///
/// *See [Twilio docs/Message scheduling](https://www.twilio.com/docs/messaging/features/message-scheduling) (April 2026)*
pub const SCHEDULE_AFTER: Duration = Duration::from_secs(300);

/// How far ahead a message may be scheduled.
///
/// *See [Twilio docs/Message scheduling](https://www.twilio.com/docs/messaging/features/message-scheduling) (April 2026)*
pub const SCHEDULE_WITHIN: Duration = Duration::from_secs(35 * 24 * 60 * 60);

/// How long after the other party's last WhatsApp message free text may be sent.
///
/// *See [Twilio docs/WhatsApp key concepts](https://www.twilio.com/docs/whatsapp/key-concepts) (April 2026)*
pub const WHATSAPP_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// WhatsApp messages a second of one sender; raised on request.
///
/// *See [Twilio docs/WhatsApp key concepts](https://www.twilio.com/docs/whatsapp/key-concepts) (April 2026)*
pub const WHATSAPP_PER_SECOND: u32 = 80;

/// Messages a second of a long code, each number by itself: Twilio names no rate of all numbers of an account, only a bound of requests at
/// one time (error 20429). Short codes, toll-free numbers and registered campaigns have more: an account has its own rate then, which the
/// operator sets.
///
/// *See [Twilio docs/Understanding rate limits and message queues](https://www.twilio.com/docs/messaging/guides/scaling-queueing-latency) (April 2026)*
pub const SMS_PER_SECOND: u32 = 1;

/// How many we hand over at once above that rate, since Twilio queues what a number cannot send at once: somebody who writes a few
/// messages in a row does not wait for each.
pub const SMS_BURST: u32 = 10;

/// The most elements of one page of a list.
///
/// *See [Twilio docs/Twilio's response](https://www.twilio.com/docs/usage/twilios-response) (April 2026)*
pub const PAGE_SIZE: u32 = 1_000;

// Segments.
// See https://www.twilio.com/docs/glossary/what-sms-character-limit (April 2026)

/// Septets of a GSM-7 text that goes out as one segment.
pub const GSM7_SINGLE: usize = 160;
/// Septets of each segment of a longer GSM-7 text.
pub const GSM7_JOINED: usize = 153;
/// UTF-16 code units of a UCS-2 text that goes out as one segment.
pub const UCS2_SINGLE: usize = 70;
/// UTF-16 code units of each segment of a longer UCS-2 text.
pub const UCS2_JOINED: usize = 67;
