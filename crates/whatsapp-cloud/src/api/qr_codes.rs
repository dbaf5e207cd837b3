//! QR codes and short links that open a chat.

use comms_http::{Error, ErrorKind, Operation, Outcome, Page, Result, pages};
use futures_util::Stream;
use http::Method;
use serde_json::json;

use super::{List, succeeded};
use crate::model::profile::{QrCode, QrImage};

comms_http::resource! {
    /// QR codes and short links: [`Client::qr_codes`](crate::Client::qr_codes).
    QrCodes of crate::Client
}

const LIST: Operation = Operation::repeatable("qr_codes.list");
const GET: Operation = Operation::repeatable("qr_codes.get");
const CREATE: Operation = Operation::once("qr_codes.create");
const UPDATE: Operation = Operation::repeatable("qr_codes.update");
const DELETE: Operation = Operation::repeatable("qr_codes.delete");

impl QrCodes<'_> {
    /// All codes of the number, fetched page by page as the stream is read.
    ///
    /// The stream ends after its first error; see [`page`](Self::page).
    ///
    /// *See [WhatsApp docs/QR codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles/qr-codes)*
    pub fn list(&self) -> impl Stream<Item = Result<QrCode>> + Send + use<> {
        let client = self.client.clone();
        pages(move |cursor| {
            let client = client.clone();
            async move { client.qr_codes().page(cursor.as_deref()).await }
        })
    }

    /// One page, from the given place.
    ///
    /// # Errors
    /// `Unauthenticated` without the permission.
    ///
    /// *See [WhatsApp docs/QR codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles/qr-codes)*
    pub async fn page(&self, after: Option<&str>) -> Result<Page<QrCode>> {
        let request = self.client.number(Method::GET, &["message_qrdls"])?.query_opt("after", after);
        let list: List<QrCode> = self.client.json(LIST, request).await?;
        Ok(list.into_page(after))
    }

    /// A code.
    ///
    /// # Errors
    /// `InvalidRequest` for a code that Meta does not know.
    ///
    /// *See [WhatsApp docs/QR codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles/qr-codes)*
    pub async fn get(&self, code: &str) -> Result<QrCode> {
        let request = self.client.number(Method::GET, &["message_qrdls", code])?;
        let list: List<QrCode> = self.client.json(GET, request).await?;
        list.data.into_iter().next().ok_or_else(|| {
            Error::new(ErrorKind::InvalidRequest, Outcome::Rejected, "there is no such code")
                .operation(GET.name)
                .field("code")
        })
    }

    /// Makes a code that opens a chat with this message prepared. At most 2,000 for each number.
    ///
    /// # Errors
    /// `InvalidRequest` for a message that Meta does not accept.
    ///
    /// *See [WhatsApp docs/QR codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles/qr-codes)*
    pub async fn create(&self, prefilled_message: &str, image: Option<QrImage>) -> Result<QrCode> {
        let mut body = json!({ "prefilled_message": prefilled_message });
        if let Some(image) = image {
            body["generate_qr_image"] = json!(image);
        }
        let request = self.client.number(Method::POST, &["message_qrdls"])?.json(&body)?;
        self.client.json(CREATE, request).await
    }

    /// Changes what a code prepares.
    ///
    /// # Errors
    /// `InvalidRequest` for a code that Meta does not know.
    ///
    /// *See [WhatsApp docs/QR codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles/qr-codes)*
    pub async fn update(&self, code: &str, prefilled_message: &str) -> Result<QrCode> {
        let body = json!({ "code": code, "prefilled_message": prefilled_message });
        let request = self.client.number(Method::POST, &["message_qrdls"])?.json(&body)?;
        self.client.json(UPDATE, request).await
    }

    /// Deletes a code.
    ///
    /// # Errors
    /// `InvalidRequest` for a code that Meta does not know.
    ///
    /// *See [WhatsApp docs/QR codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles/qr-codes)*
    pub async fn delete(&self, code: &str) -> Result<()> {
        let request = self.client.number(Method::DELETE, &["message_qrdls", code])?;
        succeeded(&self.client.json(DELETE, request).await?)
    }
}
