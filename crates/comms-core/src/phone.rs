//! What the numbering plans say of a phone number: where it is, and whether calling it is dear.

use phonenumber::{Metadata, PhoneNumber, Type, metadata::DATABASE};

use crate::phone_variants;

/// What is known of a phone number before anybody calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneFacts {
    /// The country (ISO 3166-1, `ES`). `None` where the plans do not place it: satellite and international networks, and
    /// numbers of a shared country code (+1, +44 …) that no country of it assigns.
    pub country: Option<String>,
    /// What kind of number it is.
    pub class: PhoneClass,
}

/// What kind of number it is, as far as the cost of calling it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PhoneClass {
    /// A fixed line, a mobile phone, a line over the internet.
    Ordinary,
    /// Free for whoever calls from its own country.
    TollFree,
    /// Premium rate, shared cost, personal number, pager, company number, voicemail: dearer than the country it is in.
    Costly,
    /// Of the right shape, in a range that the plans assign to nothing (yet).
    Unassigned,
    /// Not a subscriber's number at all: too short (emergency, short codes), too long, or of another shape.
    Impossible,
}

/// The kinds that cost more than an ordinary call.
const COSTLY: [Type; 6] =
    [Type::PremiumRate, Type::SharedCost, Type::PersonalNumber, Type::Pager, Type::Uan, Type::Voicemail];

/// The kinds that people have at home and in their pockets.
const ORDINARY: [Type; 3] = [Type::FixedLine, Type::Mobile, Type::Voip];

/// What the numbering plans say of a number in E.164 with its plus sign.
///
/// A number that only an older spelling makes unknown ([`phone_variants`]) is what its other spelling is.
///
/// ```
/// use comms_core::{PhoneClass, phone_facts};
///
/// let mobile = phone_facts("+34600000000");
/// assert_eq!((mobile.country.as_deref(), mobile.class), (Some("ES"), PhoneClass::Ordinary));
/// assert_eq!(phone_facts("+34803000000").class, PhoneClass::Costly);
/// assert_eq!(phone_facts("+870773000000").country, None);
/// ```
///
/// See [libphonenumber](https://github.com/google/libphonenumber), whose tables these are.
#[must_use]
pub fn phone_facts(e164: &str) -> PhoneFacts {
    let facts = plain_facts(e164);
    if facts.country.is_some() && !matches!(facts.class, PhoneClass::Unassigned | PhoneClass::Impossible) {
        return facts;
    }
    let other = phone_variants(e164)
        .iter()
        .map(|spelling| plain_facts(spelling))
        .find(|other| matches!(other.class, PhoneClass::Ordinary | PhoneClass::Costly | PhoneClass::TollFree));
    other.unwrap_or(facts)
}

fn plain_facts(e164: &str) -> PhoneFacts {
    let nowhere = PhoneFacts { country: None, class: PhoneClass::Impossible };
    if !e164.starts_with('+') {
        return nowhere;
    }
    let Ok(number) = phonenumber::parse(None, e164) else {
        return nowhere;
    };
    let national = number.national().to_string();
    match plan(&number, &national) {
        None => PhoneFacts { country: None, class: PhoneClass::Unassigned },
        Some(plan) => {
            let country = plan.id().parse::<phonenumber::country::Id>().ok();
            PhoneFacts { country: country.map(|id| id.as_ref().to_owned()), class: class(plan, &national) }
        }
    }
}

/// The plan that the number belongs to. Where a country code is shared, a number with leading zeros (Italy) has to be looked
/// for among all who share it: the library drops the zeros on that way.
fn plan(number: &PhoneNumber, national: &str) -> Option<&'static Metadata> {
    number.metadata(&DATABASE).or_else(|| {
        let sharing = DATABASE.region(&number.country().code())?;
        let mut plans = sharing.into_iter().filter_map(|region| DATABASE.by_id(region));
        plans.find(|plan| !matches!(class(plan, national), PhoneClass::Unassigned | PhoneClass::Impossible))
    })
}

fn class(plan: &Metadata, national: &str) -> PhoneClass {
    let kinds = plan.descriptors();
    let is = |kind: &Type| kinds.get(*kind).is_some_and(|pattern| pattern.is_match(national));
    if !kinds.general().is_match(national) {
        PhoneClass::Impossible
    } else if COSTLY.iter().any(is) {
        PhoneClass::Costly
    } else if is(&Type::TollFree) {
        PhoneClass::TollFree
    } else if ORDINARY.iter().any(is) {
        PhoneClass::Ordinary
    } else {
        PhoneClass::Unassigned
    }
}
