//! Contact cards.

use serde::{Deserialize, Serialize};

use super::Extra;

/// A contact card, sent or received.
///
/// ```
/// use whatsapp_cloud::model::contact::{Contact, Phone};
///
/// let card = Contact::new("Ana Gil", "Ana").phone(Phone::new("+34 600 00 00 00"));
/// assert_eq!(card.name.formatted_name, "Ana Gil");
/// ```
///
/// *See [WhatsApp docs/Contacts messages](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/contacts-messages)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contact {
    /// Whose card it is; `formatted_name` and one other part are required.
    #[serde(default)]
    pub name: Name,
    /// Phone numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// E-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
    /// Postal addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Web pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<Url>,
    /// Where they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<Org>,
    /// The birthday, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Contact {
    /// A card with a full name and a first name; Meta wants one part of the name beside the full name.
    pub fn new(formatted_name: impl Into<String>, first_name: impl Into<String>) -> Self {
        Self {
            name: Name {
                formatted_name: formatted_name.into(),
                first_name: Some(first_name.into()),
                ..Name::default()
            },
            ..Self::default()
        }
    }

    /// Adds a phone number.
    #[must_use]
    pub fn phone(mut self, phone: Phone) -> Self {
        self.phones.push(phone);
        self
    }

    /// Adds an e-mail address of a kind (`WORK`, `HOME`).
    #[must_use]
    pub fn email(mut self, email: impl Into<String>, kind: impl Into<String>) -> Self {
        self.emails.push(Email { email: Some(email.into()), kind: Some(kind.into()), extra: Extra::new() });
        self
    }

    /// Adds a postal address.
    #[must_use]
    pub fn address(mut self, address: Address) -> Self {
        self.addresses.push(address);
        self
    }

    /// Adds a web page of a kind (`WORK`, `HOME`).
    #[must_use]
    pub fn url(mut self, url: impl Into<String>, kind: impl Into<String>) -> Self {
        self.urls.push(Url { url: Some(url.into()), kind: Some(kind.into()), extra: Extra::new() });
        self
    }
}

/// The parts of a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Name {
    /// The full name.
    #[serde(default)]
    pub formatted_name: String,
    /// The first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The middle name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// What stands before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What stands behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A phone number of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phone {
    /// The number as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// `CELL`, `MAIN`, `IPHONE`, `HOME`, `WORK`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The WhatsApp id: with it the card shows a button that opens a chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Phone {
    /// A number as written.
    pub fn new(phone: impl Into<String>) -> Self {
        Self { phone: Some(phone.into()), ..Self::default() }
    }

    /// Its kind: `CELL`, `MAIN`, `HOME`, `WORK`.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Its WhatsApp id.
    #[must_use]
    pub fn wa_id(mut self, wa_id: impl Into<String>) -> Self {
        self.wa_id = Some(wa_id.into());
        self
    }
}

/// An e-mail address of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Email {
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// `HOME`, `WORK`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A postal address of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, as a short code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
    /// Country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// ISO code of two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// `HOME`, `WORK`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A web page of a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Url {
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `HOME`, `WORK`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where a contact works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Org {
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}
