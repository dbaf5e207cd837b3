//! Lengths, times and rates of the platform as constants, each with its page and the month it was read.
//!
//! *See [Twilio docs/Calls resource](https://www.twilio.com/docs/voice/api/call-resource) (April 2026)*

/// The longest TwiML that a call is placed with, in characters. A document that Twilio fetches may have
/// [`TWIML_DOCUMENT`] bytes.
pub const TWIML: usize = 4_000;
/// The longest document that Twilio fetches, in bytes (error 11750 beyond it).
///
/// *See [Twilio docs/Error 11750](https://www.twilio.com/docs/api/errors/11750) (April 2026)*
pub const TWIML_DOCUMENT: usize = 64 * 1024;
/// How long a call may ring, in seconds.
pub const RING_SECONDS: u32 = 600;
/// How long a call rings unless it says, in seconds.
pub const RING_SECONDS_DEFAULT: u32 = 60;
/// The most keys that are sent after the answer.
pub const SEND_DIGITS: usize = 32;
/// How long it may be listened for a machine, in seconds: at least and at most.
///
/// *See [Twilio docs/Answering Machine Detection](https://www.twilio.com/docs/voice/answering-machine-detection) (April 2026)*
pub const MACHINE_DETECTION_SECONDS: (u32, u32) = (3, 59);
/// How long speech is that a machine makes, in milliseconds: at least and at most.
pub const SPEECH_THRESHOLD_MS: (u32, u32) = (1_000, 6_000);
/// How long the silence is after which speech is over, in milliseconds: at least and at most.
pub const SPEECH_END_THRESHOLD_MS: (u32, u32) = (500, 5_000);
/// How long the silence is after which nobody is found to have answered, in milliseconds: at least and at most.
pub const SILENCE_TIMEOUT_MS: (u32, u32) = (2_000, 10_000);
/// The longest page of a list.
pub const PAGE_SIZE: u32 = 1_000;
/// How many numbers and clients one `<Dial>` rings at once.
///
/// *See [Twilio docs/TwiML: Dial](https://www.twilio.com/docs/voice/twiml/dial) (April 2026)*
pub const DIAL_NOUNS: usize = 10;
/// Parameters of a media stream.
///
/// *See [Twilio docs/Streams resource](https://www.twilio.com/docs/voice/api/stream-resource) (April 2026)*
pub const STREAM_PARAMETERS: usize = 99;
/// How long a recording's download may take in all, in seconds.
pub const DOWNLOAD_SECONDS: u64 = 600;
/// Calls that an account places per second unless Twilio raised it; the rest waits in Twilio's queue.
pub const CALLS_PER_SECOND: u32 = 1;
/// Whether [`CALLS_PER_SECOND`] counts the calls of all numbers of the account together.
///
/// *See [Twilio docs/Calls resource](https://www.twilio.com/docs/voice/api/call-resource) (April 2026)*
pub const CALLS_OF_ACCOUNT: bool = true;
/// How many we hand over at once above that rate: Twilio queues them, and a person hears a moment more of silence.
pub const CALLS_BURST: u32 = 5;
/// What comes as the number of a caller who hides it, beside words: ANONYMOUS, BLOCKED, RESTRICTED, UNAVAILABLE and UNKNOWN as they
/// are spelt on the keys of a telephone. Observed; Twilio's pages on webhooks do not list them.
pub const HIDDEN_CALLERS: [&str; 5] = ["+266696687", "+2562533", "+7378742833", "+86282452253", "+8656696"];
