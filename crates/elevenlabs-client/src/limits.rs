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
/// Words of a call that are asked for where its transcript is gone. A conversation with more has only its summary.
///
/// *See [ElevenLabs docs/Get conversation summary](https://elevenlabs.io/docs/api-reference/conversations/get-summary)*
pub const SUMMARY_MESSAGES: u32 = 100;
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

// Conversations in writing.

/// How long a session may take to be opened.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(8);
/// How long ElevenLabs may take to say which conversation it is.
pub const METADATA_WITHIN: Duration = Duration::from_secs(8);
/// How long a greeting is waited for, where the agent was not asked to leave it out.
pub const GREETING_WITHIN: Duration = Duration::from_secs(3);
/// How long a greeting is waited for where the agent was asked to leave it out: ElevenLabs may pass over that in silence.
pub const SETTLE: Duration = Duration::from_millis(200);
/// How long nothing has to be said after an answer before it is taken for all of it: agents answer in several messages, and correct
/// them.
pub const QUIET: Duration = Duration::from_millis(1_500);
/// The same after a tool was used: the model thinks again.
pub const AFTER_TOOL: Duration = Duration::from_secs(8);
/// How long an answer may take. ElevenLabs itself gives a model [20 s](LLM_TIMEOUT).
pub const ANSWER_WITHIN: Duration = Duration::from_secs(28);
/// How long a tool of ours may take.
pub const TOOL_WITHIN: Duration = Duration::from_secs(10);
/// How long the network may take to take a frame.
pub const SEND_WITHIN: Duration = Duration::from_secs(5);
/// How long a close is waited for.
pub const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// The longest that one message and its answer take, with the session that is tried again: for who holds a lease meanwhile.
pub const TURN_WITHIN: Duration = Duration::from_secs(65);
/// How long ElevenLabs waits for a model.
///
/// *See [ElevenLabs docs/Agent WebSockets](https://elevenlabs.io/docs/eleven-agents/api-reference/eleven-agents/websocket)*
pub const LLM_TIMEOUT: Duration = Duration::from_secs(20);
/// How long ElevenLabs waits for the person before it ends a session.
///
/// *See [ElevenLabs docs/Agent WebSockets](https://elevenlabs.io/docs/eleven-agents/api-reference/eleven-agents/websocket)*
pub const IDLE: Duration = Duration::from_secs(60);
/// How often a session that is kept open says that the person is there: well below [`IDLE`].
pub const ACTIVITY: Duration = Duration::from_secs(25);
/// The longest that a session may be kept open after its last answer. ElevenLabs ends one after the agent's own longest duration, 10 minutes unless
/// it is set otherwise.
pub const KEPT_LONGEST: Duration = Duration::from_secs(60 * 60);
/// The longest frame that is taken or said. Those with sound, which are read and left, are the longest.
pub const FRAME_BYTES: usize = 1024 * 1024;
/// What is kept for a socket to read into: there may be hundreds of sessions, and frames are short.
pub const SOCKET_BUFFER: usize = 8 * 1024;
/// The longest message of a person.
pub const MESSAGE_BYTES: usize = 64 * 1024;
/// The longest piece of the past that an agent is told.
pub const CONTEXT_BYTES: usize = 256 * 1024;
/// The longest answer, all its texts together.
pub const REPLY_BYTES: usize = 64 * 1024;
/// The longest result of a tool of ours; what is beyond it is cut off.
pub const TOOL_RESULT_BYTES: usize = 64 * 1024;
