//! A mail server: the company's e-mail without SendGrid.

use std::sync::Arc;

use comms_core::{Channel, Clock, FileReader, Result};
use smtp_client::{Client, SmtpChannel};

use crate::config::SmtpSettings;

/// The channel of the sender; `None` where there is none.
///
/// # Errors
/// `Config` with the name of the setting that cannot be used.
pub(super) fn channel(
    settings: &SmtpSettings,
    files: Arc<dyn FileReader>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn Channel>>> {
    if !settings.missing().is_empty() {
        return Ok(None);
    }
    let channel = SmtpChannel::new(Client::new(settings.client())?, files)?;
    Ok(Some(Arc::new(channel.with_clock(Arc::clone(clock)))))
}
