//! Content templates and their approval.

use comms_http::{Operation, Request, Result};
use futures_util::Stream;
use http::Method;
use serde_json::json;
use twilio_core::{Product, limits::PAGE_SIZE};

use crate::model::content::{Approval, Approvals, Content, NewContent};

comms_http::resource! {
    /// Content templates and their approval: [`Client::contents`](crate::Client::contents).
    Contents of crate::Client
}

const CREATE: Operation = Operation::once("contents.create");
const FETCH: Operation = Operation::repeatable("contents.fetch");
const LIST: Operation = Operation::repeatable("contents.list");
const DELETE: Operation = Operation::repeatable("contents.delete");
const SUBMIT: Operation = Operation::once("contents.submit");
const APPROVALS: Operation = Operation::repeatable("contents.approvals");

/// How many templates come with each request.
const AT_ONCE: u32 = if PAGE_SIZE < 100 { PAGE_SIZE } else { 100 };

impl Contents<'_> {
    /// Makes a template. Outside of WhatsApp, and within the 24-hour window, it can be sent at once.
    ///
    /// # Errors
    /// `InvalidRequest` for a form that Twilio does not know.
    ///
    /// *See [Twilio docs/Create templates](https://www.twilio.com/docs/content/content-api-resources#create-templates)*
    pub async fn create(&self, content: &NewContent) -> Result<Content> {
        let request = self.request(Method::POST, &["Content"])?.json(content)?;
        self.client.core().json(CREATE, request).await
    }

    /// Looks a template up.
    ///
    /// # Errors
    /// HTTP status 404 for one that the account does not have.
    ///
    /// *See [Twilio docs/Fetch a template](https://www.twilio.com/docs/content/content-api-resources#fetch-a-content-resource)*
    pub async fn fetch(&self, sid: &str) -> Result<Content> {
        let request = self.request(Method::GET, &["Content", sid])?;
        self.client.core().json(FETCH, request).await
    }

    /// All templates, page by page as the stream is read.
    ///
    /// # Errors
    /// The stream ends after its first error.
    ///
    /// *See [Twilio docs/Fetch all templates](https://www.twilio.com/docs/content/content-api-resources#fetch-all-content-resources)*
    pub fn list(&self) -> Result<impl Stream<Item = Result<Content>> + Send + use<>> {
        self.all("Content")
    }

    /// All templates with their approval by WhatsApp, page by page as the stream is read.
    ///
    /// # Errors
    /// The stream ends after its first error.
    ///
    /// *See [Twilio docs/Fetch content and approvals](https://www.twilio.com/docs/content/content-api-resources#fetch-content-and-approval-status)*
    pub fn list_with_approvals(&self) -> Result<impl Stream<Item = Result<Content>> + Send + use<>> {
        self.all("ContentAndApprovals")
    }

    /// Deletes a template.
    ///
    /// # Errors
    /// HTTP status 404 for one that the account does not have.
    ///
    /// *See [Twilio docs/Delete a template](https://www.twilio.com/docs/content/content-api-resources#delete-a-content-resource)*
    pub async fn delete(&self, sid: &str) -> Result<()> {
        let request = self.request(Method::DELETE, &["Content", sid])?;
        self.client.core().empty(DELETE, request).await
    }

    /// Asks WhatsApp to approve a template. `name` is what it is called there: lower case letters, digits and underscores;
    /// `category` is `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    ///
    /// # Errors
    /// `InvalidRequest` for a name or category that WhatsApp does not take.
    ///
    /// *See [Twilio docs/Submit templates for approval](https://www.twilio.com/docs/content/content-api-resources#submit-templates-for-approval)*
    pub async fn submit(&self, sid: &str, name: &str, category: &str) -> Result<Approval> {
        let request = self.request(Method::POST, &["Content", sid, "ApprovalRequests", "whatsapp"])?;
        let request = request.json(&json!({ "name": name, "category": category }))?;
        self.client.core().json(SUBMIT, request).await
    }

    /// How far the approvals of a template have come.
    ///
    /// # Errors
    /// HTTP status 404 for a template that the account does not have.
    ///
    /// *See [Twilio docs/Fetch an approval](https://www.twilio.com/docs/content/content-api-resources#fetch-an-approval-status-request)*
    pub async fn approvals(&self, sid: &str) -> Result<Approvals> {
        let request = self.request(Method::GET, &["Content", sid, "ApprovalRequests"])?;
        self.client.core().json(APPROVALS, request).await
    }

    fn all(&self, resource: &str) -> Result<impl Stream<Item = Result<Content>> + Send + use<>> {
        let request = self.request(Method::GET, &[resource])?.query("PageSize", &AT_ONCE.to_string());
        Ok(self.client.core().pages(LIST, request, "contents"))
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<Request> {
        self.client.core().product(Product::Content, method, &[&["v1"], path].concat())
    }
}
