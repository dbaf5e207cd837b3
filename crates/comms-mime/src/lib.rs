#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod charset;
#[cfg(feature = "model")]
mod files;
pub mod html;
mod incoming;
mod mailbox;
#[cfg(feature = "model")]
mod model;
mod names;
mod outgoing;
mod quote;
mod report;
mod tokens;

pub use charset::decode_text;
pub use comms_http::{Error, ErrorKind, Outcome, Result};
#[cfg(feature = "model")]
pub use files::{OutgoingFile, before_sending, outgoing_files, outgoing_html};
pub use incoming::{Defect, File, Incoming, Limits};
pub use mailbox::Mailbox;
pub use names::{reply_subject, safe_file_name};
pub use outgoing::{Attachment, Built, InReplyTo, Outgoing};
pub use quote::{Reply, split_html, split_text};
pub use report::{Action, DeliveryReport, RecipientReport};
