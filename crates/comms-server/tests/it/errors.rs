use std::{collections::BTreeSet, time::Duration};

use actix_web::{ResponseError, http::header::RETRY_AFTER};
use comms_core::history::RepositoryError;
use comms_engine::ReceiveError;
use comms_server::errors::{ApiError, Code};

#[test]
fn codes_are_distinct_and_stable() {
    let codes: Vec<&str> = Code::all().map(Code::as_str).collect();
    let distinct: BTreeSet<&&str> = codes.iter().collect();
    assert_eq!(codes.len(), distinct.len());
    assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

#[test]
fn every_code_is_an_error_with_a_sentence() {
    for code in Code::all() {
        let (status, _, sentence) = code.row();
        assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
        assert!(sentence.len() > 6 && sentence.starts_with(char::is_uppercase), "{code:?}");
        assert_ne!(status.as_u16(), 422, "Express answers 400");
    }
}

#[test]
fn while_nothing_can_be_stored_it_is_503_with_a_wait() {
    for error in [RepositoryError::Busy, RepositoryError::Unavailable("gone".to_owned())] {
        let answer = ApiError::from(error).error_response();
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key(RETRY_AFTER));
    }
    let answer = ApiError::from(ReceiveError::NotStored(RepositoryError::Database("odd".to_owned()))).error_response();
    assert_eq!(answer.status(), 503, "the provider is to come again");
    assert!(answer.headers().contains_key(RETRY_AFTER));
}

#[test]
fn what_the_database_says_is_not_shown() {
    let error = ApiError::from(RepositoryError::Database("password of host db.internal".to_owned()));
    assert_eq!(error.to_string(), "error_interno");
}

#[test]
fn a_wait_is_at_least_a_second() {
    let answer = ApiError::new(Code::RateLimited).retry_after(Duration::from_millis(3)).error_response();
    assert_eq!(answer.headers().get(RETRY_AFTER).unwrap(), "1");
}
