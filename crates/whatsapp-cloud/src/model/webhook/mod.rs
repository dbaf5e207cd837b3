//! Wire types of webhooks, in Meta's own names.
//!
//! They are read leniently: a member that is absent, unknown or of an unexpected shape never spoils its element, an
//! element never spoils its neighbours. What a type does not understand is in its `extra`.
//!
//! # What counts as one update
//!
//! Every change of every entry gives at least one [`Update`]; how many is decided by its `value` alone:
//!
//! 1. Each element of each of these lists is one: `messages`, `message_echoes`, `statuses`, `calls`, `groups`, `state_sync`,
//!    `automatic_events`, `user_preferences`, `user_id_update`, and `errors` where the value has `metadata`.
//! 2. Of `history` each message of each thread is one; a part of the import without any message is one.
//! 3. Beside those, all members that are neither such a list nor `messaging_product`, `metadata` or `contacts` are one together.
//! 4. A value of which nothing was counted so far is one, whatever it is.
//!
//! An entry or change that is no object, or has no list of changes, is one. A list of changes that is empty has none.

mod content;
mod member;
mod message;
mod notification;
mod party;
mod raw;
mod status;

pub use content::{
    ButtonReply, CardEmail, CardName, CardPhone, Choice, ContactCard, Edit, EditedMessage, InteractiveReply, Location,
    Media, MessageContent, NfmReply, Order, OrderItem, Reaction, Revoke, System, Text,
};
pub use member::Timestamp;
pub use message::{Context, HistoryMessage, HistoryThread, Message, Referral, ReferredProduct, ThreadContext};
pub use notification::{Contacts, Notification, Notifications, Update};
pub use party::{Contact, Metadata, Profile, UserIdUpdate, UserPreference, ValueChange};
pub use status::{Conversation, Origin, Pricing, Status};
