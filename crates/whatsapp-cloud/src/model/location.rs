//! A place.

use serde::{Deserialize, Serialize};

use super::{Extra, scalar::Scalar};

/// A place, sent or received.
///
/// ```
/// use whatsapp_cloud::model::location::Location;
///
/// let office = Location::new(40.4168, -3.7038).name("Oficina").address("Puerta del Sol, Madrid");
/// assert_eq!(office.latitude.as_f64(), Some(40.4168));
/// ```
///
/// *See [WhatsApp docs/Location messages](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/location-messages)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Location {
    /// Degrees north.
    pub latitude: Scalar,
    /// Degrees east.
    pub longitude: Scalar,
    /// What the place is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A page about it (received).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Location {
    /// The place at these degrees.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Self {
        Self {
            latitude: latitude.into(),
            longitude: longitude.into(),
            name: None,
            address: None,
            url: None,
            extra: Extra::new(),
        }
    }

    /// What stands above the address on the map: the name of a shop, for instance.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Gives its address.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}
