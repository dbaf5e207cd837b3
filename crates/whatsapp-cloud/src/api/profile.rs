//! The public profile.

use comms_http::{Error, ErrorKind, Operation, Outcome, Result};
use http::Method;
use serde::Deserialize;

use super::{List, succeeded};
use crate::model::profile::Profile as Wire;

comms_http::resource! {
    /// The public profile: [`Client::profile`](crate::Client::profile).
    Profile of crate::Client
}

const GET: Operation = Operation::repeatable("profile.get");
const UPDATE: Operation = Operation::repeatable("profile.update");

const FIELDS: &str = "about,address,description,email,profile_picture_url,websites,vertical";

/// The profile itself, or below its name: both are documented.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Nested { business_profile: Wire },
    Flat(Wire),
}

impl Profile<'_> {
    /// The profile as people see it.
    ///
    /// # Errors
    /// `Unauthenticated` without the permission.
    ///
    /// *See [WhatsApp docs/Business profiles](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles)*
    pub async fn get(&self) -> Result<Wire> {
        let request = self.client.number(Method::GET, &["whatsapp_business_profile"])?.query("fields", FIELDS);
        let list: List<Answer> = self.client.json(GET, request).await?;
        match list.data.into_iter().next() {
            Some(Answer::Nested { business_profile }) => Ok(business_profile),
            Some(Answer::Flat(profile)) => Ok(profile),
            None => {
                Err(Error::new(ErrorKind::Decode, Outcome::Rejected, "the answer holds no profile").operation(GET.name))
            }
        }
    }

    /// Changes the profile; what is absent stays.
    ///
    /// # Errors
    /// `InvalidRequest` for a value that Meta does not accept.
    ///
    /// *See [WhatsApp docs/Business profiles](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles)*
    pub async fn update(&self, profile: &Wire) -> Result<()> {
        let mut body = serde_json::json!(profile);
        body["messaging_product"] = "whatsapp".into();
        let request = self.client.number(Method::POST, &["whatsapp_business_profile"])?.json(&body)?;
        succeeded(&self.client.json(UPDATE, request).await?)
    }
}
