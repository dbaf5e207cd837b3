//! The operations, one file for each resource of the provider.

use comms_http::{Error, ErrorKind, Outcome, Page, Result};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

pub mod block_users;
pub mod media;
pub mod messages;
pub mod phone_numbers;
pub mod profile;
pub mod qr_codes;
pub mod subscribed_apps;
pub mod templates;
pub mod tokens;
pub mod uploads;
pub mod username;

pub use block_users::BlockUsers;
pub use media::Media;
pub use messages::Messages;
pub use phone_numbers::PhoneNumbers;
pub use profile::Profile;
pub use qr_codes::QrCodes;
pub use subscribed_apps::SubscribedApps;
pub use templates::Templates;
pub use tokens::Tokens;
pub use uploads::Uploads;
pub use username::Username;

/// A list as the Graph API answers it.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct List<T> {
    #[serde(default = "Vec::new")]
    data: Vec<T>,
    #[serde(default)]
    paging: Option<Paging>,
}

#[derive(Debug, Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Option<Cursors>,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

impl<T> List<T> {
    /// The page; there is a next one where Meta gives its address, not merely a cursor. `current` guards against a list that
    /// leads back to itself.
    fn into_page(self, current: Option<&str>) -> Page<T> {
        let next = self.paging.filter(|paging| paging.next.is_some());
        let next = next.and_then(|paging| paging.cursors?.after);
        Page { items: self.data, next: next.filter(|next| Some(next.as_str()) != current) }
    }
}

/// `{"success": true}`. Some endpoints add to it, some answer a bare `true`.
fn succeeded(answer: &Value) -> Result<()> {
    match answer.get("success").unwrap_or(answer) {
        Value::Bool(false) => {
            Err(Error::new(ErrorKind::Provider, Outcome::Rejected, "the provider answered that it did not succeed"))
        }
        _ => Ok(()),
    }
}
