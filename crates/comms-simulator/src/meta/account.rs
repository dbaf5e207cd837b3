//! The WhatsApp Business Account itself.

use serde_json::json;

use crate::double::{Answer, Call};

use super::{Answered, Meta, error::GraphError};

pub(crate) fn find(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let settings = meta.settings();
    let waba = settings.meta.waba(path[0]);
    let waba = waba.ok_or_else(|| GraphError::no_object(&call.method, path[0]))?;
    Ok(Answer::json(
        200,
        &json!({
            "id": waba.id,
            "name": waba.name,
            "timezone_id": "1",
            "message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9",
            "account_review_status": "APPROVED",
            "business_verification_status": "VERIFIED",
        }),
    ))
}
