//! Whom may be called, as data. No I/O.

use comms_core::{Address, AddressKind, PhoneClass, phone_facts};

use super::{lines::Lines, settings::VoiceSettings};
use crate::EngineError;

/// Where calls may go.
pub(crate) struct Destinations {
    countries: Vec<String>,
    costly: bool,
    unassigned: bool,
}

impl Destinations {
    /// As the settings say; where they name no country, the countries of the organisation's own numbers.
    pub(crate) fn of(settings: &VoiceSettings, lines: &Lines) -> Self {
        let countries = if settings.countries.is_empty() { lines.countries() } else { settings.countries.clone() };
        Self { countries, costly: settings.costly, unassigned: settings.unassigned }
    }

    /// Refuses a phone number that is not to be called. What nobody can place is not called: satellites, international
    /// networks, short and emergency numbers.
    ///
    /// # Errors
    /// [`EngineError::CostlyDestination`], [`EngineError::ForbiddenDestination`].
    pub(crate) fn check(&self, to: &Address) -> Result<(), EngineError> {
        if to.kind() != AddressKind::Phone {
            return Err(EngineError::ForbiddenDestination { country: None });
        }
        let facts = phone_facts(to.value());
        if facts.class == PhoneClass::Costly && !self.costly {
            return Err(EngineError::CostlyDestination);
        }
        let is_possible = match facts.class {
            PhoneClass::Ordinary | PhoneClass::TollFree | PhoneClass::Costly => true,
            PhoneClass::Unassigned => self.unassigned,
            _ => false,
        };
        let country = facts.country.as_deref();
        let is_allowed =
            country.is_some_and(|country| self.countries.iter().any(|allowed| allowed.eq_ignore_ascii_case(country)));
        if is_possible && is_allowed {
            return Ok(());
        }
        Err(EngineError::ForbiddenDestination { country: facts.country })
    }
}
