//! What mail servers write when they cannot deliver.

use std::{fs, path::Path};

use comms_mime::{Action, DeliveryReport, Incoming, Limits};
use proptest::prelude::*;

pub const OURS: &str = "01930b7e-6c00-7abc-8def-0123456789ab@example.com";

pub fn incoming(name: &str) -> Incoming {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reports").join(format!("{name}.eml"));
    Incoming::parse(&fs::read(path).unwrap(), &Limits::default()).unwrap()
}

fn report(name: &str) -> DeliveryReport {
    incoming(name).delivery_report().unwrap()
}

#[test]
fn a_report_names_the_mail_its_recipient_and_the_reason() {
    let report = report("postfix_unknown_user");
    assert_eq!((report.reporter.as_deref(), report.ids[0].as_str()), (Some("mx.example.net"), OURS));
    assert_eq!(report.header("subject"), Some("Presupuesto"));
    let [one] = &report.recipients[..] else { panic!("{report:?}") };
    assert_eq!((one.recipient.as_str(), one.original.as_deref()), ("ana@example.org", None));
    assert_eq!((one.action, one.status.as_deref()), (Action::Failed, Some("5.1.1")));
    let said = "550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown in virtual mailbox table";
    assert_eq!(one.diagnostic.as_deref(), Some(said));
}

#[test]
fn the_mail_is_named_by_whichever_id_came_back() {
    for name in ["postfix_unknown_user", "gmail_replaced_id", "delayed", "two_without_blank_line", "by_envelope"] {
        assert!(report(name).ids.iter().any(|id| id == OURS), "{name}: {:?}", report(name).ids);
    }
    assert_eq!(report("by_envelope").recipients[0].original.as_deref(), Some("ana@example.org"));
    assert_eq!(report("by_envelope").recipients[0].action, Action::Failed, "by its state alone");
}

#[test]
fn each_recipient_is_told_of_and_a_copy_is_known() {
    let two = report("two_without_blank_line");
    let actions: Vec<_> = two.recipients.iter().map(|one| (one.recipient.as_str(), one.action)).collect();
    assert_eq!(actions, [("ana@example.org", Action::Failed), ("eva@example.org", Action::Relayed)]);
    let copy = report("copy_failed");
    assert_eq!(copy.cc[0].name(), Some("Pérez, Luis"));
    assert!(copy.is_copy(&copy.recipients[0]));
    assert_eq!(copy.recipients[0].status.as_deref(), Some("5.2.2"));
    let other = report("delayed");
    assert!(!other.is_copy(&other.recipients[0]));
}

#[test]
fn what_is_no_report_of_a_delivery_is_none() {
    assert_eq!(incoming("read_receipt").delivery_report(), None);
    let plain = Incoming::parse(
        b"Subject: Final-Recipient\r\n\r\nFinal-Recipient: rfc822; a@example.org\r\n",
        &Limits::default(),
    );
    assert_eq!(plain.unwrap().delivery_report(), None);
}

#[cfg(feature = "model")]
mod model {
    use comms_core::{ErrorKind, Status};

    use super::{OURS, report};

    #[test]
    fn giving_up_is_a_failure_and_going_on_is_a_note() {
        let expected = [
            ("postfix_unknown_user", Some(Status::Failed), "5.1.1", ErrorKind::InvalidRecipient),
            ("gmail_replaced_id", Some(Status::Failed), "5.1.1", ErrorKind::InvalidRecipient),
            ("two_without_blank_line", Some(Status::Failed), "5.7.1", ErrorKind::InvalidRequest),
            ("by_envelope", Some(Status::Failed), "5.4.4", ErrorKind::Provider),
            ("delayed", None, "4.4.1", ErrorKind::Provider),
            ("copy_failed", None, "5.2.2", ErrorKind::Provider),
        ];
        for (name, meaning, code, kind) in expected {
            let report = report(name);
            let ours = report.ours().unwrap();
            assert!(OURS.starts_with(&ours.to_string()));
            let update = report.updates(ours).swap_remove(0);
            let problem = update.problem.unwrap();
            assert_eq!((update.status, problem.code.as_str(), problem.kind), (meaning, code, kind), "{name}");
            assert_eq!(update.correlation, Some(ours.to_string()));
        }
        let relayed =
            report("two_without_blank_line").updates(report("two_without_blank_line").ours().unwrap()).remove(1);
        assert_eq!((relayed.status, relayed.problem), (None, None));
        assert_eq!(report("of_somebody_else").ours(), None);
    }
}

proptest! {
    #[test]
    fn whatever_a_report_says_it_is_read(status in "(?s).{0,400}", headers in "(?s).{0,200}") {
        let raw = format!(
            "Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n\
             --B\r\nContent-Type: text/rfc822-headers\r\n\r\n{headers}\r\n--B--\r\n"
        );
        if let Ok(incoming) = Incoming::parse(raw.as_bytes(), &Limits::default()) {
            drop(incoming.delivery_report());
        }
    }
}
