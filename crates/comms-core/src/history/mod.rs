//! The history repository.
