//! What commands print. Who reads may have enough before the end (`| head`): that is no error.

use std::{
    fmt,
    io::{self, Write},
};

/// Prints a line to standard output.
pub(super) fn line(text: fmt::Arguments<'_>) {
    // A reader that has gone needs nothing more; anything else has no better place to be told.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints a line, as `println!` does, and breaks off nothing where nobody reads any more.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::cli::output::line(format_args!($($line)*))
    };
}
pub(super) use say;

/// Prints a text as it is.
pub(super) fn text(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
