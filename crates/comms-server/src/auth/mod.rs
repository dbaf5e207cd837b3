//! Who calls, and what they may do. The permission is part of a handler's type.

mod claimed;
mod extractors;
mod jwt;
mod service;

pub use claimed::{Claimed, identify};
pub use extractors::{Admin, Caller, Operator, Permitted, Reader, Seller, Sender, organization};
pub use jwt::{Identity, Role, Tokens};
pub use service::{NewToken, token_hash};
