#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod agent;
mod capabilities;
mod channel;
mod content;
mod email;
mod event;
pub mod failpoint;
#[cfg(feature = "history")]
pub mod history;
mod id;
mod inbound;
mod links;
mod memory;
mod outbound;
mod pace;
mod phone;
mod question;
mod source;
mod status;

pub use address::{Address, AddressKind, phone_variants};
pub use agent::{
    AgentChat, AgentContext, AgentReply, AgentTurn, BatchCall, CallOutcome, CallProgress, CallReport, Speaker,
    TextAgent, Utterance,
};
pub use capabilities::{Capabilities, ContentKind, TemplateSummary, TemplateVariable};
pub use channel::{CallControl, Channel, ChannelDirectory, ChannelExt, ChannelKind, MediaStream};
pub use comms_http::{
    ByteStream, Clock, Error, ErrorKind, ExposeSecret, ManualClock, Outcome, Result, Secret, SystemClock,
    WebhookRequest, signature,
};
pub use content::{
    Button, Call, ContactCard, Content, Files, Interactive, InteractiveAction, ListRow, ListSection, Location, Media,
    MediaKind, MediaRef, Reaction, Template, TemplateParameter,
};
pub use email::{Correspondent, Email, FileReader, InlineFile, NoFiles, SentMail};
pub use event::{
    Change, Event, EventKey, EventKind, IdentityChange, InboundMessage, MessageOrigin, OptChange, Party, Problem,
    Recording, StatusUpdate,
};
pub use id::{
    AccountId, ClientId, ContactId, ContinuationId, ContractId, ConversationId, CredentialId, HookDeliveryId, HookId,
    LeadId, MessageId, OrganizationId, UserId, WebhookId,
};
pub use inbound::{Batch, DECISION_HEADER, IN_WEBHOOK, Inbound, StoredWebhook};
pub use links::Links;
pub use memory::InMemoryChannel;
pub use outbound::{Found, Outbound, Probe, Receipt};
pub use pace::{Pace, Rate};
pub use phone::{PhoneClass, PhoneFacts, phone_facts};
pub use question::{Asked, Decision, Question, Reply};
pub use source::{Cursor, Source};
pub use status::{Direction, Status};
