//! Lengths, sizes and waits that all products share, each with its page and the month it was read.

use std::time::Duration;

/// The version in the path of the API at `api.twilio.com`.
pub const API_VERSION: &str = "2010-04-01";

/// The region of calls that name none.
pub const REGION: &str = "us1";

/// Region → the edge in the same place, for settings that name a region alone.
///
/// *See [Twilio docs/Legacy regions](https://www.twilio.com/docs/global-infrastructure/edge-locations/legacy-regions) (April 2026)*
pub const EDGES: [(&str, &str); 4] = [("us1", "ashburn"), ("ie1", "dublin"), ("au1", "sydney"), ("jp1", "tokyo")];

/// Hosts that Twilio's API sends downloads to, always without credentials; subdomains of the first two included.
///
/// *See [Twilio docs/Media access](https://help.twilio.com/articles/223183748) (April 2026)*
pub const MEDIA_HOSTS: [&str; 3] = ["twilio.com", "twiliocdn.com", "s3-external-1.amazonaws.com"];

/// The largest page of a list; 50 where a request does not say.
///
/// *See [Twilio docs/Responses](https://www.twilio.com/docs/usage/twilios-response) (April 2026)*
pub const PAGE_SIZE: u32 = 1000;

/// How long to wait after the daily cap of the account (code 63038): the next day.
///
/// *See [Twilio docs/Error 63038](https://www.twilio.com/docs/api/errors/63038) (April 2026)*
pub const DAILY_CAP_WAIT: Duration = Duration::from_secs(86_400);

/// How long to wait where the queue of a sender is full (code 21611), and in other cases that pass within minutes.
///
/// *See [Twilio docs/Error 21611](https://www.twilio.com/docs/api/errors/21611) (April 2026)*
pub const QUEUE_WAIT: Duration = Duration::from_secs(60);

/// How long Twilio waits for the answer to a webhook.
///
/// *See [Twilio docs/Webhooks](https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides) (April 2026)*
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest TwiML that Twilio reads, in bytes (code 11750 beyond).
///
/// *See [Twilio docs/Error 11750](https://www.twilio.com/docs/api/errors/11750) (April 2026)*
pub const TWIML_BYTES: usize = 64 * 1024;
