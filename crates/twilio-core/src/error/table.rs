//! The table of codes.

use std::ops::RangeInclusive;

use comms_http::{ErrorKind, Outcome};

use ErrorKind::{
    Config, InvalidRecipient, InvalidRequest, OptedOut, Provider, RateLimited, Transport, Unauthenticated, WindowClosed,
};
use Outcome::{NotSent, Rejected, Unknown};

pub(super) fn look_up(code: i64) -> Option<(ErrorKind, Outcome)> {
    let listed = TABLE.iter().find(|(_, _, codes)| codes.contains(&code));
    let listed = listed.map(|(kind, outcome, _)| (*kind, *outcome));
    let ranged = || RANGES.iter().find(|(_, codes)| codes.contains(&code)).map(|(kind, _)| (*kind, Rejected));
    listed.or_else(ranged).or_else(|| by_general_code(code))
}

/// Codes that are an HTTP status with 20 before it, for instance 20422.
fn by_general_code(code: i64) -> Option<(ErrorKind, Outcome)> {
    let status = u16::try_from(code.checked_sub(20_000)?).ok()?;
    (400..=599).contains(&status).then(|| by_status(status))
}

/// What the status says where no code does.
pub(super) fn by_status(status: u16) -> (ErrorKind, Outcome) {
    match status {
        500.. => (Provider, Unknown),
        // Never processed, says Twilio: always safe to repeat.
        429 => (RateLimited, NotSent),
        // Two changes at once: this one was refused, and may succeed later.
        409 => (Provider, NotSent),
        // A time-out on their side, or too early: nothing proves that the request was not read.
        408 | 425 => (Provider, Unknown),
        401 | 403 => (Unauthenticated, Rejected),
        400..=499 => (InvalidRequest, Rejected),
        // A redirect or an informational answer where a result was promised.
        _ => (Provider, Unknown),
    }
}

/// The table. Codes whose text says that something failed or timed out inside Twilio or a carrier are `Unknown`, even where a repeat is
/// advised: nothing proves that the message was not taken.
#[rustfmt::skip]
const TABLE: &[(ErrorKind, Outcome, &[i64])] = &[
    // Failed on their side, perhaps after acting.
    (Provider, Unknown, &[12_400, 20_500, 20_503, 30_008, 30_410, 31_000, 63_009, 63_010, 63_012]),
    // The browser's connection, perhaps after acting.
    (Transport, Unknown, &[31_003, 31_005, 31_009]),
    // Expired before it was sent.
    (Provider, NotSent, &[30_036]),
    // Throttled, or the queue is full: nothing was done.
    (RateLimited, NotSent, &[
        20_429, 21_611, 30_001, 30_017, 30_022, 30_023, 30_027, 31_206, 63_018, 63_038, 63_039,
    ]),
    // A general failure of the channel, for good.
    (Provider, Rejected, &[63_023]),
    // Credentials and tokens.
    (Unauthenticated, Rejected, &[
        20_003, 20_006, 20_008, 20_151, 20_156, 20_157, 20_159, 20_160, 31_202, 31_203, 31_204, 31_205, 31_207,
    ]),
    // Account, sender, permission, trial, registration, template: for an operator.
    (Config, Rejected, &[
        20_005, 20_010, 21_203, 21_210, 21_212, 21_215, 21_218, 21_219, 21_226, 21_404, 21_407, 21_408, 21_601, 21_603, 21_606,
        21_607, 21_608, 21_615, 21_616, 21_621, 21_622, 21_701, 21_703, 21_704, 21_705, 30_002, 30_007, 30_032, 30_034, 30_035,
        35_125, 63_001, 63_002, 63_007, 63_008, 63_020, 63_022, 63_026, 63_040, 63_041, 63_042, 63_051,
    ]),
    // This recipient, now.
    (InvalidRecipient, NotSent, &[30_003, 31_480, 31_486]),
    // This recipient.
    (InvalidRecipient, Rejected, &[
        13_223, 13_224, 13_225, 21_211, 21_214, 21_216, 21_217, 21_401, 21_421, 21_612, 21_614, 30_004, 30_005, 30_006, 31_002,
        31_603, 63_003, 63_015, 63_024, 63_032, 63_033, 63_035, 63_036, 63_049, 63_050,
    ]),
    (WindowClosed, Rejected, &[63_016]),
    (OptedOut, Rejected, &[21_610, 63_014]),
    // Caller ids and countries in TwiML: for an operator.
    (Config, Rejected, &[13_227, 13_247, 13_248]),
    // This payload.
    (InvalidRequest, Rejected, &[20_001, 20_002, 20_004, 20_009, 30_010, 31_201, 31_208]),
];

/// Settings that stop every message of the sender: the account is suspended or closed, the number is not the account's, or has no
/// such channel. A country that is not allowed or an unverified recipient stops one message, and is not here.
#[cfg(feature = "client")]
pub(super) const STOPS_THE_SENDER: [i64; 9] = [20_005, 20_010, 21_212, 21_603, 21_606, 30_002, 63_001, 63_002, 63_007];

/// What is left of a family of codes, all of them `Rejected`: our own web server and TwiML, access tokens, calls and numbers, messages,
/// messaging services, scheduling, channels.
#[rustfmt::skip]
const RANGES: &[(ErrorKind, RangeInclusive<i64>)] = &[
    (Config, 11_200..=12_399),
    (InvalidRequest, 13_000..=13_999),
    (Unauthenticated, 20_101..=20_199),
    (InvalidRequest, 21_200..=21_799),
    (InvalidRequest, 35_100..=35_199),
    (InvalidRequest, 63_000..=63_099),
];
