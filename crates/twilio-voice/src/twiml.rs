//! TwiML: what Twilio is to do with a call or a message, as a document that nothing can be injected into.
//!
//! A builder for each of Twilio's elements, which takes only the children that may stand in it. Texts are escaped when the
//! document is written, so what a caller said or typed can be passed on as it is:
//!
//! ```
//! use twilio_voice::twiml::{CallEvent, Dial, Number, VoiceResponse};
//!
//! let reply = VoiceResponse::new().say("Tom & Jerry, <one> moment").dial(
//!     Dial::new().caller_id("+15005550006").answer_on_bridge(true).with(
//!         Number::new("+15550100")
//!             .status_callback("https://example.com/calls?step=1&leg=2")
//!             .status_callback_event([CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed]),
//!     ),
//! );
//! assert_eq!(
//!     reply.to_xml(),
//!     concat!(
//!         r#"<?xml version="1.0" encoding="UTF-8"?><Response><Say>Tom &amp; Jerry, &lt;one&gt; moment</Say>"#,
//!         r#"<Dial callerId="+15005550006" answerOnBridge="true">"#,
//!         r#"<Number statusCallback="https://example.com/calls?step=1&amp;leg=2" "#,
//!         r#"statusCallbackEvent="ringing answered completed">+15550100</Number></Dial></Response>"#,
//!     )
//! );
//! ```
//!
//! Text and elements keep their order, which is how SSML is written:
//!
//! ```
//! use twilio_voice::twiml::{Say, Voice, VoiceResponse, ssml::{Break, SayAs, InterpretAs}};
//!
//! let say = Say::new("Your code is ")
//!     .voice(Voice::polly("Lucia-Neural"))
//!     .with(SayAs::new("1234").interpret_as(InterpretAs::Digits))
//!     .with(Break::new().time("1s"))
//!     .text(" Goodbye.");
//! assert!(VoiceResponse::new().say(say).to_xml().contains(concat!(
//!     r#"<Say voice="Polly.Lucia-Neural">Your code is <say-as interpret-as="digits">1234</say-as>"#,
//!     r#"<break time="1s"/> Goodbye.</Say>"#,
//! )));
//! ```
//!
//! What does not belong together does not compile:
//!
//! ```compile_fail,E0277
//! use twilio_voice::twiml::{Dial, Say};
//! let dial = Dial::new().with(Say::new("a verb inside of a verb"));
//! ```
//!
//! Enums take names that this version does not know (`.record("record-from-the-moon")`), every builder has `set` for
//! attributes that it does not know, and an [`Element`] of any name may stand anywhere.
//!
//! *See [Twilio docs/TwiML](https://www.twilio.com/docs/voice/twiml)*

mod conference;
mod connect;
mod dial;
mod element;
pub mod messaging;
mod names;
mod options;
pub mod pay;
mod relay;
mod sip;
pub mod ssml;
mod start;
mod table;
mod verbs;

pub use conference::Conference;
pub use connect::{AiSession, Autopilot, Config, Connect, Conversation, Room, VirtualAgent};
pub use dial::{Application, ApplicationSid, Client, Dial, Identity, Number, Parameter, Queue, Sim, WhatsApp};
pub use element::{Child, Element, Node};
pub use messaging::MessagingResponse;
pub use names::{LanguageTag, Region, RingTone, Voice};
pub use options::{
    Beep, CallEvent, Channels, ConferenceEvent, ConferenceRecord, ConversationEvent, ConversationRecord, DialEvent,
    DialRecord, GatherInput, JitterBuffer, MediaTrack, Method, RecordingEvent, RecordingTrack, RejectReason, Trim,
};
pub use pay::{Pay, Prompt};
pub use relay::{Assistant, ConversationRelay, ConversationRelaySession, Language};
pub use sip::{Header, Headers, Sip, Uri};
pub use start::{Recording, Siprec, Start, Stop, Stream, Transcription};
#[doc(hidden)]
pub use table::Row;
pub use verbs::{Echo, Enqueue, Gather, Hangup, Leave, Pause, Play, Record, Redirect, Refer, Reject, Say, Sms, Task};

/// The document that asks for nothing: the answer to a message, and to a status.
pub const EMPTY: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#;

table::response! {
    /// What Twilio does with a call: verbs, one after the other.
    ///
    /// *See [Twilio docs/TwiML for Voice](https://www.twilio.com/docs/voice/twiml)*
    VoiceResponse {
        connect: Connect,
        dial: Dial,
        echo: Echo,
        enqueue: Enqueue,
        gather: Gather,
        hangup: Hangup,
        leave: Leave,
        pause: Pause,
        pay: Pay,
        play: Play,
        prompt: Prompt,
        queue: Queue,
        record: Record,
        redirect: Redirect,
        refer: Refer,
        reject: Reject,
        say: Say,
        sms: Sms,
        start: Start,
        stop: Stop,
    }
}

/// Every element that is declared here, for the test that compares them with Twilio's own list.
#[doc(hidden)]
pub const ROWS: &[&[Row]] = &[
    conference::ROWS,
    connect::ROWS,
    dial::ROWS,
    messaging::ROWS,
    pay::ROWS,
    relay::ROWS,
    sip::ROWS,
    ssml::ROWS,
    start::ROWS,
    verbs::ROWS,
];
