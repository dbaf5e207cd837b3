//! Payments by keys.

use comms_http::open_enum;

use super::{LanguageTag, Method, VoiceResponse, table::elements};

elements! {
    /// Takes a payment by keys; the digits never reach you.
    ///
    /// *See [Twilio docs/Pay](https://www.twilio.com/docs/voice/twiml/pay)*
    Pay "Pay" (empty) in [VoiceResponse] {
        /// Where the outcome (`Result`) is reported.
        action "action" text,
        /// The kind of bank account, with ACH.
        bank_account_type "bankAccountType" one<BankAccountType>,
        /// The amount without a currency sign; 0 or none only makes a token.
        charge_amount "chargeAmount" text,
        /// The currency (ISO 4217).
        currency "currency" text,
        /// What is paid for.
        description "description" text,
        /// How data is entered.
        input "input" one<PayInput>,
        /// The language of the prompts.
        language "language" one<LanguageTag>,
        /// Attempts for each step (1 to 3).
        max_attempts "maxAttempts" number,
        /// Digits that a postal code has at least.
        min_postal_code_length "minPostalCodeLength" number,
        /// The name of the payment connector.
        payment_connector "paymentConnector" text,
        /// Card or bank account.
        payment_method "paymentMethod" one<PaymentMethod>,
        /// The postal code if it is known; `true` asks for it, `false` does not.
        postal_code "postalCode" text,
        /// Whether the security code is asked for.
        security_code "securityCode" flag,
        /// Where progress is reported.
        status_callback "statusCallback" text,
        /// With which method the status callback is called.
        status_callback_method "statusCallbackMethod" one<Method>,
        /// Seconds to wait for the next digit.
        timeout "timeout" number,
        /// What the token may be used for.
        token_type "tokenType" one<TokenType>,
        /// The cards that are taken.
        valid_card_types "validCardTypes" many<CardType>,
    }

    /// What is said at a step of a payment, instead of Twilio's own words.
    ///
    /// *See [Twilio docs/Prompt](https://www.twilio.com/docs/voice/twiml/pay/prompt)*
    Prompt "Prompt" (empty) in [Pay, VoiceResponse] {
        /// For which attempts this prompt is.
        attempt "attempt" numbers,
        /// For which cards it is.
        card_type "cardType" many<CardType>,
        /// After which errors it is.
        error_type "errorType" many<PromptError>,
        /// For which step it is (attribute `for`).
        for_step "for" one<PromptStep>,
        /// Whether the input has to be entered twice.
        require_matching_inputs "requireMatchingInputs" flag,
    }
}

open_enum! {
    /// How payment data is entered.
    pub enum PayInput {
        /// By keys.
        Dtmf = "dtmf",
    }
}

open_enum! {
    /// What is paid with.
    pub enum PaymentMethod {
        /// A bank account in the USA.
        AchDebit = "ach-debit",
        /// A card.
        CreditCard = "credit-card",
    }
}

open_enum! {
    /// The kind of a bank account.
    pub enum BankAccountType {
        /// Checking account of a person.
        ConsumerChecking = "consumer-checking",
        /// Savings account of a person.
        ConsumerSavings = "consumer-savings",
        /// Checking account of a business.
        CommercialChecking = "commercial-checking",
        /// Savings account of a business.
        CommercialSavings = "commercial-savings",
    }
}

open_enum! {
    /// What a payment token may be used for.
    pub enum TokenType {
        /// One payment.
        OneTime = "one-time",
        /// Any number of payments.
        Reusable = "reusable",
        /// A stored means of payment.
        PaymentMethod = "payment-method",
    }
}

open_enum! {
    /// A brand of cards.
    pub enum CardType {
        /// Visa.
        Visa = "visa",
        /// Mastercard.
        Mastercard = "mastercard",
        /// American Express.
        Amex = "amex",
        /// Maestro.
        Maestro = "maestro",
        /// Discover.
        Discover = "discover",
        /// Optima.
        Optima = "optima",
        /// JCB.
        Jcb = "jcb",
        /// Diners Club.
        DinersClub = "diners-club",
        /// enRoute.
        Enroute = "enroute",
    }
}

open_enum! {
    /// A step of a payment.
    pub enum PromptStep {
        /// The number of the card.
        CardNumber = "payment-card-number",
        /// Its date of expiry.
        ExpirationDate = "expiration-date",
        /// Its security code.
        SecurityCode = "security-code",
        /// The postal code.
        PostalCode = "postal-code",
        /// The payment is being made.
        Processing = "payment-processing",
        /// The number of the bank account.
        BankAccountNumber = "bank-account-number",
        /// The number of the bank.
        BankRoutingNumber = "bank-routing-number",
    }
}

open_enum! {
    /// Why a step of a payment is repeated.
    pub enum PromptError {
        /// Nothing was entered.
        Timeout = "timeout",
        /// No such card.
        InvalidCardNumber = "invalid-card-number",
        /// Cards of this brand are not taken.
        InvalidCardType = "invalid-card-type",
        /// No such date, or a past one.
        InvalidDate = "invalid-date",
        /// No such security code.
        InvalidSecurityCode = "invalid-security-code",
        /// A fault at Twilio or the payment provider.
        InternalError = "internal-error",
        /// The second input is not like the first.
        InputMatchingFailed = "input-matching-failed",
    }
}
