//! Templates: list, look-up, creation, change, deletion.

use comms_http::{Operation, Page, Result, pages};
use futures_util::Stream;
use http::Method;

use super::{List, succeeded};
use crate::model::template::{
    NewTemplate, Template, TemplateCategory, TemplateChange, TemplateCreated, TemplateStatus,
};

comms_http::resource! {
    /// Templates of the business account: [`Client::templates`](crate::Client::templates).
    Templates of crate::Client
}

const LIST: Operation = Operation::repeatable("templates.list");
const GET: Operation = Operation::repeatable("templates.get");
const CREATE: Operation = Operation::once("templates.create");
const EDIT: Operation = Operation::repeatable("templates.edit");
const DELETE: Operation = Operation::repeatable("templates.delete");

/// Which templates are listed. All by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFilter {
    /// Of this exact name.
    pub name: Option<String>,
    /// In this language.
    pub language: Option<String>,
    /// In this state.
    pub status: Option<TemplateStatus>,
    /// Of this category.
    pub category: Option<TemplateCategory>,
    /// How many come in one page.
    pub limit: Option<u32>,
}

impl TemplateFilter {
    /// Only those that can be sent now.
    #[must_use]
    pub fn usable() -> Self {
        Self { status: Some(TemplateStatus::Approved), ..Self::default() }
    }
}

impl Templates<'_> {
    /// All templates that match, fetched page by page as the stream is read.
    ///
    /// ```no_run
    /// # use whatsapp_cloud::{Client, api::templates::TemplateFilter};
    /// # use futures_util::TryStreamExt;
    /// # async fn run(client: Client) -> whatsapp_cloud::Result<()> {
    /// let usable: Vec<_> = client.templates().list(TemplateFilter::usable()).try_collect().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The stream ends after its first error; see [`page`](Self::page).
    ///
    /// *See [WhatsApp docs/Message templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-account/template-api)*
    pub fn list(&self, filter: TemplateFilter) -> impl Stream<Item = Result<Template>> + Send + use<> {
        let client = self.client.clone();
        pages(move |cursor| {
            let (client, filter) = (client.clone(), filter.clone());
            async move { client.templates().page(&filter, cursor.as_deref()).await }
        })
    }

    /// One page, from the given place.
    ///
    /// # Errors
    /// `Config` without `WHATSAPP_BUSINESS_ACCOUNT_ID`.
    ///
    /// *See [WhatsApp docs/Message templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-account/template-api)*
    pub async fn page(&self, filter: &TemplateFilter, after: Option<&str>) -> Result<Page<Template>> {
        let limit = filter.limit.map(|limit| limit.to_string());
        let request = self
            .client
            .account(Method::GET, &["message_templates"])?
            .query_opt("name", filter.name.as_deref())
            .query_opt("language", filter.language.as_deref())
            .query_opt("status", filter.status.as_ref().map(TemplateStatus::as_str))
            .query_opt("category", filter.category.as_ref().map(TemplateCategory::as_str))
            .query_opt("limit", limit.as_deref())
            .query_opt("after", after);
        let list: List<Template> = self.client.json(LIST, request).await?;
        Ok(list.into_page(after))
    }

    /// A template by its id.
    ///
    /// # Errors
    /// `InvalidRequest` for an id that Meta does not know.
    ///
    /// *See [WhatsApp docs/Template](https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-account/template-api)*
    pub async fn get(&self, template_id: &str) -> Result<Template> {
        let request = self.client.object(Method::GET, template_id)?;
        self.client.json(GET, request).await
    }

    /// Creates a template and hands it in for approval. 100 an hour for each account.
    ///
    /// # Errors
    /// `InvalidRequest` for what the limits exclude, or what Meta does not accept.
    ///
    /// *See [WhatsApp docs/Create templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview)*
    pub async fn create(&self, template: &NewTemplate) -> Result<TemplateCreated> {
        template.validate()?;
        let request = self.client.account(Method::POST, &["message_templates"])?.json(template)?;
        self.client.json(CREATE, request).await
    }

    /// Changes a template: approved ones once a day and ten times a month.
    ///
    /// # Errors
    /// `InvalidRequest` for a template that cannot be changed now.
    ///
    /// *See [WhatsApp docs/Edit templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management)*
    pub async fn edit(&self, template_id: &str, change: &TemplateChange) -> Result<()> {
        let request = self.client.object(Method::POST, template_id)?.json(change)?;
        succeeded(&self.client.json(EDIT, request).await?)
    }

    /// Deletes all languages of a template. Its name is blocked for 30 days.
    ///
    /// # Errors
    /// `InvalidRequest` for a name that Meta does not know.
    ///
    /// *See [WhatsApp docs/Delete templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management)*
    pub async fn delete(&self, name: &str) -> Result<()> {
        self.remove(name, None).await
    }

    /// Deletes one language of a template, by its id and name.
    ///
    /// # Errors
    /// `InvalidRequest` for an id or name that Meta does not know.
    ///
    /// *See [WhatsApp docs/Delete templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management)*
    pub async fn delete_by_id(&self, name: &str, template_id: &str) -> Result<()> {
        self.remove(name, Some(template_id)).await
    }

    async fn remove(&self, name: &str, template_id: Option<&str>) -> Result<()> {
        let request = self
            .client
            .account(Method::DELETE, &["message_templates"])?
            .query("name", name)
            .query_opt("hsm_id", template_id);
        succeeded(&self.client.json(DELETE, request).await?)
    }
}
