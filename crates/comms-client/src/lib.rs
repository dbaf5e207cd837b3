#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod events;
mod frames;

pub use events::{Event, Events};
