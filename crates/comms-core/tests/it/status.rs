use std::collections::HashSet;

use comms_core::Status;
use proptest::prelude::*;

#[test]
fn every_state_has_a_rank_and_a_name_of_its_own_and_all_are_listed_by_rank() {
    let ranks: Vec<i16> = Status::ALL.into_iter().map(Status::rank).collect();
    assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    let names: HashSet<&str> = Status::ALL.into_iter().map(Status::as_str).collect();
    assert_eq!(names.len(), Status::ALL.len());
}

#[test]
fn a_stored_number_gives_its_state_back_and_no_other_number_gives_one() {
    for number in i16::MIN..=i16::MAX {
        if let Some(status) = Status::from_rank(number) {
            assert_eq!(status.rank(), number);
        }
    }
    for status in Status::ALL {
        assert_eq!(Status::from_rank(status.rank()), Some(status));
    }
}

#[test]
fn the_stored_numbers_stay_what_they_are() {
    // They are in databases: a change here is a migration.
    let stored = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 200, 210, 220, 225, 230, 240, 250, 260, 270];
    assert_eq!(Status::ALL.map(Status::rank), stored);
}

#[test]
fn the_name_is_the_one_in_json() {
    for status in Status::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        let read: Status = serde_json::from_value(status.as_str().into()).unwrap();
        assert_eq!(read, status);
    }
}

#[test]
fn what_the_provider_reports_outranks_what_we_believe() {
    for reported in [Status::Accepted, Status::Sent, Status::Failed, Status::Delivered, Status::Read] {
        for believed in [Status::Queued, Status::Sending, Status::Unknown, Status::Expired] {
            assert_eq!(believed.merge(reported), reported);
            assert_eq!(reported.merge(believed), reported);
        }
    }
    // What arrived did arrive, whatever failed on another device.
    assert_eq!(Status::Failed.merge(Status::Delivered), Status::Delivered);
}

#[test]
fn what_became_of_a_call_outranks_that_it_ended() {
    let ends =
        [Status::CallCanceled, Status::CallBusy, Status::CallNoAnswer, Status::CallFailed, Status::CallCompleted];
    for end in ends {
        assert_eq!(end.merge(Status::CallEnded), end);
        assert_eq!(Status::CallEnded.merge(end), end);
    }
    for going_on in [Status::CallInitiated, Status::CallRinging, Status::CallInProgress] {
        assert_eq!(going_on.merge(Status::CallEnded), Status::CallEnded);
        // What we believed of the request never hides what the call does.
        for believed in [Status::Sending, Status::Unknown, Status::Failed] {
            assert_eq!(believed.merge(going_on), going_on);
        }
    }
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL.to_vec())
}

proptest! {
    #[test]
    fn merging_commutes(a in status(), b in status()) {
        prop_assert_eq!(a.merge(b), b.merge(a));
    }

    #[test]
    fn merging_is_associative(a in status(), b in status(), c in status()) {
        prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
    }

    #[test]
    fn merging_is_idempotent(a in status()) {
        prop_assert_eq!(a.merge(a), a);
    }

    #[test]
    fn any_order_and_repetition_ends_alike(told in prop::collection::vec(status(), 1..20).prop_shuffle()) {
        let forwards = told.iter().copied().reduce(Status::merge);
        let backwards = told.iter().rev().chain(&told).copied().reduce(Status::merge);
        prop_assert_eq!(forwards, backwards);
        prop_assert_eq!(forwards, told.iter().copied().max_by_key(|status| status.rank()));
    }

    #[test]
    fn merging_never_goes_back(a in status(), b in status()) {
        prop_assert!(a.merge(b).rank() >= a.rank());
    }
}
