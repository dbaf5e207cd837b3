//! Wire types that the products share: dates in both spellings, numbers that are texts, ids.

mod date;
mod numeric;
pub mod sid;

pub use date::Date;
pub use numeric::Numeric;
