//! Speaks the domain model without a database and without a runtime.

use comms_core::{Address, Status};

fn main() -> comms_core::Result<()> {
    let person = Address::phone("+34 600 00 00 00", None)?;
    println!("{person:?} {:?}", Status::Delivered);
    Ok(())
}
