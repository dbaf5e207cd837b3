//! Who we are to the server.

use comms_http::{ExposeSecret, Secret};
use lettre::transport::smtp::authentication;
use serde::Deserialize;

/// How a name and its secret are told to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mechanism {
    /// Name and password in one step.
    Plain,
    /// The same, asked for one by one.
    Login,
    /// An access token in the place of the password, at Google and Microsoft.
    Xoauth2,
}

/// A name and its secret. `Debug` hides the secret.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password, or the access token.
    pub secret: Secret,
    /// How they are told; what the server offers of password mechanisms where absent.
    pub mechanism: Option<Mechanism>,
}

impl Credentials {
    /// The ways that may be taken, the preferred first.
    pub(crate) fn mechanisms(&self) -> Vec<authentication::Mechanism> {
        use authentication::Mechanism as Way;
        match self.mechanism {
            Some(Mechanism::Plain) => vec![Way::Plain],
            Some(Mechanism::Login) => vec![Way::Login],
            Some(Mechanism::Xoauth2) => vec![Way::Xoauth2],
            None => vec![Way::Plain, Way::Login],
        }
    }

    /// As lettre takes them.
    pub(crate) fn told(&self) -> authentication::Credentials {
        authentication::Credentials::new(self.user.clone(), self.secret.expose_secret().to_owned())
    }
}
