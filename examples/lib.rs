//! Programs that use several crates of the toolkit at once: see the examples beside this file.
