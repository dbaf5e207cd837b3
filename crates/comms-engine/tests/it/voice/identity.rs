use comms_core::{AddressKind, OrganizationId, UserId};
use comms_engine::Code;
use proptest::prelude::*;

use super::{browser, lines, lines_with};

#[test]
fn in_the_first_organisation_the_identity_is_the_users_id() {
    let lines = lines();
    let identity = lines.engine.voice_identity(&"north".into(), &"7".into()).unwrap();
    assert_eq!((identity.kind(), identity.value()), (AddressKind::VoiceClient, "7"));
    let elsewhere = lines.engine.voice_identity(&"south".into(), &"7".into()).unwrap();
    assert_eq!(elsewhere.value(), "south__7");
    let uncommon = lines.engine.voice_identity(&"sur-este".into(), &"ana_ñ".into()).unwrap();
    assert_eq!(uncommon.value(), "sur_2deste__ana_5f_c3_b1");
    assert_eq!(lines.engine.voice_user(&uncommon), Some(("sur-este".into(), "ana_ñ".into())));
    assert_eq!(lines.engine.voice_user(&browser("client:7")), Some(("north".into(), "7".into())));
}

#[test]
fn without_a_first_organisation_every_identity_names_its_own() {
    let lines = lines_with(|settings| settings.first_organization = None);
    let identity = lines.engine.voice_identity(&"north".into(), &"7".into()).unwrap();
    assert_eq!(identity.value(), "north__7");
    assert_eq!(lines.engine.voice_user(&browser("7")), None);
}

#[test]
fn what_nobody_was_given_is_nobodys() {
    let lines = lines();
    let odd =
        ["", "client:", "_", "_4", "_zz", "__7", "south__", "north__7", "_37", "ana-maria", "a__b__c", "_C3_B1", "_ff"];
    for identity in odd {
        assert_eq!(lines.engine.voice_user(&browser(identity)), None, "{identity:?}");
    }
    assert_eq!(lines.engine.voice_user(&super::phone("+34600000000")), None);
}

#[test]
fn an_identity_that_is_too_long_is_not_given_out() {
    let lines = lines();
    for (length, fits) in [(121, true), (122, false), (0, false)] {
        let error = lines.engine.voice_identity(&"north".into(), &"7".repeat(length).into()).err();
        assert_eq!(error.map(|error| error.code()), (!fits).then_some(Code::InvalidValue), "{length}");
    }
}

proptest! {
    #[test]
    fn every_identity_leads_back_to_its_user(organization in ".{1,20}", user in ".{1,20}") {
        let lines = lines();
        let (organization, user) = (OrganizationId::new(organization), UserId::new(user));
        if let Ok(identity) = lines.engine.voice_identity(&organization, &user) {
            let value = identity.value();
            prop_assert!(value.len() <= 121 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{value}");
            prop_assert_eq!(lines.engine.voice_user(&identity), Some((organization, user)));
        }
    }

    #[test]
    fn a_user_has_one_identity_only(identity in "[a-c0-9_]{0,12}") {
        let lines = lines();
        if let Some((organization, user)) = lines.engine.voice_user(&browser(&identity)) {
            let again = lines.engine.voice_identity(&organization, &user).unwrap();
            prop_assert_eq!(again.value(), identity);
        }
    }
}
