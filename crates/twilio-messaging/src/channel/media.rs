//! Media by its ids: the address that a webhook names is never opened.

use comms_core::{MediaRef, MediaStream};
use comms_http::{Error, Result};
use twilio_core::model::sid;

use crate::{Client, api::media::DownloadLimits};

/// `AC…/MM…/ME…` of the address of a file, whatever its host: it is fetched from our own.
pub(super) fn reference(url: &str) -> Option<MediaRef> {
    let message = sid::find(url, "MM").or_else(|| sid::find(url, "SM"))?;
    Some(MediaRef::Id(format!("{}/{message}/{}", sid::find(url, "AC")?, sid::find(url, "ME")?)))
}

/// Opens media of a message of the client's account.
pub(super) async fn open(client: &Client, media: &MediaRef) -> Result<MediaStream> {
    let refused = |why: &str| Error::invalid(why).field("media").provider(twilio_core::PROVIDER);
    let MediaRef::Id(id) = media else {
        return Err(refused("only media of a Twilio message can be fetched"));
    };
    let [account, message, media] = *id.split('/').collect::<Vec<_>>() else {
        return Err(refused("the media's id is not account/message/media"));
    };
    if account != client.account_sid() {
        return Err(refused("the media belongs to another Twilio account"));
    }
    let download = client.media().download(message, media, &DownloadLimits::default()).await?;
    Ok(MediaStream { content_type: download.content_type, length: download.length, body: download.body })
}
