//! Dynamic templates and their versions.

use comms_http::{Error, Operation, Page, Result};
use http::Method;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    limits,
    model::template::{Template, Version},
};

comms_http::resource! {
    /// Templates: [`Client::templates`](crate::Client::templates).
    Templates of crate::Client
}

const LIST: Operation = Operation::repeatable("templates.list");
const GET: Operation = Operation::repeatable("templates.get");
const CREATE: Operation = Operation::once("templates.create");
const RENAME: Operation = Operation::repeatable("templates.update");
const DELETE: Operation = Operation::repeatable("templates.delete");
const ADD: Operation = Operation::once("templates.versions.create");
const CHANGE: Operation = Operation::repeatable("templates.versions.update");
const ACTIVATE: Operation = Operation::repeatable("templates.versions.activate");
const REMOVE: Operation = Operation::repeatable("templates.versions.delete");

#[derive(Deserialize)]
struct List {
    #[serde(default, alias = "templates")]
    result: Vec<Template>,
    #[serde(default, rename = "_metadata")]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    next: Option<String>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<&'a str>,
}

impl Templates<'_> {
    /// A page of the dynamic templates, without their texts, from `cursor` on (see [`comms_http::pages`]).
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Templates](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates/retrieve-paged-transactional-templates)*
    pub async fn page(&self, cursor: Option<&str>) -> Result<Page<Template>> {
        let request = self.client.request(Method::GET, &["templates"])?;
        let request = request.query("generations", "dynamic").query("page_size", &limits::TEMPLATES_PAGE.to_string());
        let list: List = self.client.json(LIST, request.query_opt("page_token", cursor)).await?;
        let next = list.metadata.next.as_deref().and_then(token).filter(|next| Some(next.as_str()) != cursor);
        Ok(Page { items: list.result, next })
    }

    /// A template with its versions and their texts.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that is not there.
    ///
    /// *See [SendGrid docs/Templates](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates/retrieve-a-single-transactional-template)*
    pub async fn get(&self, id: &str) -> Result<Template> {
        self.client.json(GET, self.client.request(Method::GET, &["templates", id])?).await
    }

    /// Creates a dynamic template, without a version yet.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that cannot be one.
    ///
    /// *See [SendGrid docs/Templates](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates/create-a-transactional-template)*
    pub async fn create(&self, name: &str) -> Result<Template> {
        let body = Named { name, generation: Some("dynamic") };
        self.client.json(CREATE, self.client.request(Method::POST, &["templates"])?.json(&body)?).await
    }

    /// Gives a template another name.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [SendGrid docs/Templates](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates/edit-a-transactional-template)*
    pub async fn rename(&self, id: &str, name: &str) -> Result<Template> {
        let body = Named { name, generation: None };
        self.client.json(RENAME, self.client.request(Method::PATCH, &["templates", id])?.json(&body)?).await
    }

    /// Deletes a template with its versions.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [SendGrid docs/Templates](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates/delete-a-template)*
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["templates", id])?).await
    }

    /// Adds a version.
    ///
    /// # Errors
    /// `InvalidRequest` for placeholders that cannot be read.
    ///
    /// *See [SendGrid docs/Template versions](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates-versions)*
    pub async fn add_version(&self, id: &str, version: &Version) -> Result<Version> {
        check(version)?;
        self.client.json(ADD, self.client.request(Method::POST, &["templates", id, "versions"])?.json(version)?).await
    }

    /// Changes a version.
    ///
    /// # Errors
    /// As [`add_version`](Self::add_version).
    ///
    /// *See [SendGrid docs/Template versions](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates-versions)*
    pub async fn change_version(&self, id: &str, version: &Version) -> Result<Version> {
        check(version)?;
        let request = self.client.request(Method::PATCH, &["templates", id, "versions", &version.id])?;
        self.client.json(CHANGE, request.json(version)?).await
    }

    /// Has this version sent from now on.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [SendGrid docs/Template versions](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates-versions)*
    pub async fn activate_version(&self, id: &str, version: &str) -> Result<Version> {
        let request = self.client.request(Method::POST, &["templates", id, "versions", version, "activate"])?;
        self.client.json(ACTIVATE, request).await
    }

    /// Deletes a version.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [SendGrid docs/Template versions](https://www.twilio.com/docs/sendgrid/api-reference/transactional-templates-versions)*
    pub async fn delete_version(&self, id: &str, version: &str) -> Result<()> {
        self.client.empty(REMOVE, self.client.request(Method::DELETE, &["templates", id, "versions", version])?).await
    }
}

fn check(version: &Version) -> Result<()> {
    if version.name.is_empty() || version.subject.is_empty() {
        return Err(Error::invalid("a version needs a name and a subject").field("name"));
    }
    Ok(())
}

/// The page's own mark in the address of the next one: that address is never called.
fn token(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.query_pairs().find(|(name, _)| name == "page_token").map(|(_, value)| value.into_owned())
}
