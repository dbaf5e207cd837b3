//! Whatever is dialled, nothing outside of the policy is called.

use comms_core::{Content, Decision, Outbound, PhoneClass, phone_facts};
use comms_engine::SendRequest;
use proptest::prelude::*;

use super::{Lines, lines, lines_with};
use crate::scene::{admin, user};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// What is typed: numbers of every country code, with premium, short and impossible ones among them, and nonsense.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\+[1-9][0-9]{2,14}",
        "\\+34[5-9][0-9]{8}",
        "\\+1[2-9][0-9]{9}",
        "(00|011)?[0-9]{2,13}",
        "[+0-9 ().;,*#-]{0,20}",
        "\\+34(80[3-7]|90[0-9]|118|70[0-9])[0-9]{2,6}",
        // Digits of other scripts, extensions, addresses of telephones.
        "[+＋][3３٣][4４٤][0-9０-９٠-٩]{3,9}",
        "(tel:|sip:|whatsapp:)?(\\+|00)34(80[3-7]|90[0-9]|60[0-9])[0-9]{6}(;ext=|,,|#|x|;phone-context=\\+1)?[0-9]{0,4}",
        "(client:)?[a-z0-9_+]{0,12}",
    ]
}

/// The numbers that a channel was asked to call.
fn called(lines: &Lines) -> Vec<Outbound> {
    lines.phones.values().flat_map(|phone| phone.inner.sent()).collect()
}

proptest! {
    #[test]
    fn no_browser_reaches_a_number_outside_of_the_allowed_countries(to in typed()) {
        let lines = lines();
        let decision = run(lines.dials(&to));
        if let Decision::Dial { to, .. } = decision
            && to.kind() == comms_core::AddressKind::Phone
        {
            let facts = phone_facts(to.value());
            prop_assert!(to.value().strip_prefix('+').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit())));
            prop_assert_eq!(facts.country.as_deref(), Some("ES"));
            prop_assert!(matches!(facts.class, PhoneClass::Ordinary | PhoneClass::TollFree), "{:?}", facts);
        } else {
            prop_assert!(lines.record().problem.is_some() || to.starts_with("client:"), "refused with a reason");
        }
    }

    #[test]
    fn no_request_reaches_a_number_outside_of_the_allowed_countries(to in "\\+[1-9][0-9]{5,14}") {
        let lines = lines_with(|settings| settings.voice.countries = vec!["MX".to_owned(), "GB".to_owned()]);
        let Ok(to) = comms_core::Address::phone(&to, None) else { return Ok(()) };
        let call = Content::Call(comms_core::Call::default());
        let request = SendRequest::new(admin(), user(), comms_core::ChannelKind::Voice, to.clone(), call);
        let sent = run(lines.engine.send(request)).is_ok();
        let facts = phone_facts(to.value());
        let allowed = matches!(facts.country.as_deref(), Some("MX" | "GB"))
            && matches!(facts.class, PhoneClass::Ordinary | PhoneClass::TollFree);
        prop_assert_eq!(sent, allowed, "{:?}", facts);
        prop_assert_eq!(called(&lines).len(), usize::from(sent));
        prop_assert_eq!(lines.store.state().messages.len(), usize::from(sent), "what is refused is not stored");
    }
}
