//! ElevenLabs' limits, by its documentation in November 2026, and ours.

use std::time::Duration;

/// Where the API is. WebSockets are opened at the same host.
///
/// *See [ElevenLabs docs/Data residency](https://elevenlabs.io/docs/overview/administration/data-residency)*
pub const API_BASE: &str = "https://api.elevenlabs.io";
/// Hosts of the API beside [`API_BASE`]: one that stays in the United States, and those of workspaces whose data stays in a region. An address
/// of one region answers only for workspaces of that region.
///
/// *See [ElevenLabs docs/Data residency](https://elevenlabs.io/docs/overview/administration/data-residency)*
pub const OTHER_BASES: [&str; 4] = [
    "https://api.us.elevenlabs.io",
    "https://api.eu.residency.elevenlabs.io",
    "https://api.in.residency.elevenlabs.io",
    "https://api.sg.residency.elevenlabs.io",
];

/// Conversations on one page.
///
/// *See [ElevenLabs docs/List conversations](https://elevenlabs.io/docs/api-reference/conversations/list)*
pub const PAGE: u32 = 100;
/// Batches on one page.
///
/// *See [ElevenLabs docs/List batch calls](https://elevenlabs.io/docs/api-reference/batch-calling/list)*
pub const BATCHES_PAGE: u32 = 100;
/// How long a signed address may be used to begin a conversation.
///
/// *See [ElevenLabs docs/Agent authentication](https://elevenlabs.io/docs/eleven-agents/customization/authentication)*
pub const SIGNED_URL: Duration = Duration::from_secs(15 * 60);

/// A plan of ElevenLabs and how many conversations it may have at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name in lower case.
    pub name: &'static str,
    /// Conversations at once, spoken ones. Text-only ones have a higher limit, which is not published as a number.
    pub conversations: u16,
}

/// The plans. Enterprise plans have limits of their own.
///
/// *See [ElevenLabs docs/Concurrency](https://elevenlabs.io/docs/overview/models#concurrency-and-priority)*
pub const PLANS: [Plan; 6] = [
    Plan { name: "free", conversations: 4 },
    Plan { name: "starter", conversations: 6 },
    Plan { name: "creator", conversations: 10 },
    Plan { name: "pro", conversations: 20 },
    Plan { name: "scale", conversations: 30 },
    Plan { name: "business", conversations: 30 },
];
/// With burst pricing a workspace may have this many times its conversations for a while, at twice the price.
///
/// *See [ElevenLabs docs/Burst pricing](https://elevenlabs.io/docs/eleven-agents/guides/burst-pricing)*
pub const BURST_FACTOR: u16 = 3;
/// No burst goes beyond this many conversations.
///
/// *See [ElevenLabs docs/Burst pricing](https://elevenlabs.io/docs/eleven-agents/guides/burst-pricing)*
pub const BURST_CONVERSATIONS: u16 = 300;

/// Text conversations that one client has open at once unless the settings say otherwise: those of the plan `pro`.
pub const SESSIONS: usize = 20;
/// The most that the settings may say.
pub const MOST_SESSIONS: usize = 10_000;
/// How long a text conversation waits for others to end before it is given up, not begun.
pub const SLOT_WAIT: Duration = Duration::from_secs(30);
/// How long to wait where the plan's conversations are all in use and the answer does not say.
pub const CONCURRENCY_WAIT: Duration = Duration::from_secs(5);
/// How long to wait where the credits of a period are used up: nothing changes before somebody pays or the period ends.
pub const QUOTA_WAIT: Duration = Duration::from_secs(60 * 60);

/// The longest webhook without audio. A transcript of an hour with its tools' results is about 2 MB.
pub const WEBHOOK_BYTES: usize = 8 * 1024 * 1024;
/// The longest webhook with the audio of a call, in base64: about four hours of MP3 at 128 kbit/s.
///
/// *See [ElevenLabs docs/Post-call webhooks](https://elevenlabs.io/docs/eleven-agents/workflows/post-call-webhooks)*
pub const AUDIO_WEBHOOK_BYTES: usize = 320 * 1024 * 1024;
/// The longest request for the data of an incoming call.
pub const INITIATION_BYTES: usize = 64 * 1024;
/// How old the signature of a webhook may be.
///
/// *See [ElevenLabs docs/Webhooks](https://elevenlabs.io/docs/eleven-api/resources/webhooks)*
pub const TOLERANCE: Duration = Duration::from_secs(30 * 60);
/// How far ahead of ours ElevenLabs' clock may be.
pub const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);
/// The most signatures that one header may have: while a secret is exchanged there are two.
pub const SIGNATURES: usize = 16;
/// The longest recording that is downloaded.
pub const AUDIO_BYTES: u64 = 256 * 1024 * 1024;

/// Addresses that webhooks come from, for an allow-list: one for each region, and its reserve.
///
/// *See [ElevenLabs docs/Post-call webhooks](https://elevenlabs.io/docs/eleven-agents/workflows/post-call-webhooks)*
pub const WEBHOOK_ADDRESSES: [&str; 6] =
    ["34.67.146.145", "34.59.11.47", "35.204.38.71", "34.147.113.54", "35.185.187.110", "35.247.157.189"];
