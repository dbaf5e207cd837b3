//! Who calls, and what they may do. The permission is part of a handler's type.

mod claimed;
mod extractors;
mod jwt;
mod listener;
mod service;
mod ticket;

pub use claimed::{Claimed, bearer, identify};
pub use extractors::{Admin, Caller, Operator, Permitted, Reader, Reading, Seller, Sender, Service, organization};
pub use jwt::{Identity, Role, Tokens};
pub use listener::Listener;
pub use service::{NewToken, token_hash};
pub use ticket::{Bearer, TICKET_SECONDS, Tickets};
