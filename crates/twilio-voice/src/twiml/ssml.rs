//! How a text is spoken: the elements of SSML that stand inside of [`Say`].

use comms_http::open_enum;

use super::{LanguageTag, Say, table::elements};

elements! {
    /// A pause.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    Break "break" (empty) in [Say, Emphasis, Lang, P, Prosody, S, W] {
        /// How strong the pause is.
        strength "strength" one<BreakStrength>,
        /// How long it is: `500ms` or `3s`, at most 10 s.
        time "time" text,
    }

    /// Words with more or less stress.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    Emphasis "emphasis" (text) in [Say, Emphasis, Lang, P, Prosody, S, W] {
        /// How strongly.
        level "level" one<EmphasisLevel>,
    }

    /// Words of another language.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    Lang "lang" (text) in [Say, Emphasis, Lang, P, Prosody, S] {
        /// The language (attribute `xml:lang`).
        language "xml:lang" one<LanguageTag>,
    }

    /// A paragraph.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    P "p" (text) in [Say, Lang, Prosody] {
    }

    /// Words with their pronunciation.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    Phoneme "phoneme" (text) in [Say, Emphasis, Lang, P, Prosody, S, W] {
        /// The alphabet of [`ph`](Self::ph).
        alphabet "alphabet" one<PhonemeAlphabet>,
        /// How it is pronounced.
        ph "ph" text,
    }

    /// Words with another pitch, speed or volume.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    Prosody "prosody" (text) in [Say, Emphasis, Lang, P, Prosody, S, W] {
        /// The pitch: a word such as `high`, or a difference such as `+5%`.
        pitch "pitch" text,
        /// The speed: a word such as `slow`, or a percentage.
        rate "rate" text,
        /// The volume: a word such as `loud`, or a difference such as `+6dB`.
        volume "volume" text,
    }

    /// A sentence.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    S "s" (text) in [Say, Lang, P, Prosody] {
    }

    /// A date, a number and the like, read as what it is.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    SayAs "say-as" (text) in [Say, Emphasis, Lang, P, Prosody, S, W] {
        /// The order of a date.
        format "format" one<DateFormat>,
        /// What the text is.
        interpret_as "interpret-as" one<InterpretAs>,
    }

    /// Words for which something else is said.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    Sub "sub" (text) in [Say, Emphasis, Lang, P, Prosody, S, W] {
        /// What is said instead.
        alias "alias" text,
    }

    /// A word with its part of speech.
    ///
    /// *See [Twilio docs/SSML](https://www.twilio.com/docs/voice/twiml/say/text-speech#using-ssml)*
    W "w" (text) in [Say, Emphasis, Lang, P, Prosody, S] {
        /// The part of speech, for instance `amazon:VB`.
        role "role" text,
    }
}

open_enum! {
    /// How strong a pause is.
    pub enum BreakStrength {
        /// No pause.
        None = "none",
        /// Very weak.
        XWeak = "x-weak",
        /// Weak.
        Weak = "weak",
        /// Like a comma.
        Medium = "medium",
        /// Like the end of a sentence.
        Strong = "strong",
        /// Like the end of a paragraph.
        XStrong = "x-strong",
    }
}

open_enum! {
    /// How strongly words are stressed.
    pub enum EmphasisLevel {
        /// Louder and slower.
        Strong = "strong",
        /// A little louder and slower.
        Moderate = "moderate",
        /// Softer and faster.
        Reduced = "reduced",
    }
}

open_enum! {
    /// How a pronunciation is written.
    pub enum PhonemeAlphabet {
        /// The International Phonetic Alphabet.
        Ipa = "ipa",
        /// X-SAMPA.
        XSampa = "x-sampa",
        /// Jyutping (Cantonese).
        Jyutping = "x-amazon-jyutping",
        /// Pinyin (Mandarin).
        Pinyin = "x-amazon-pinyin",
        /// Pronunciation in kana (Japanese).
        PronKana = "x-amazon-pron-kana",
        /// Yomigana (Japanese).
        Yomigana = "x-amazon-yomigana",
    }
}

open_enum! {
    /// What a text is.
    pub enum InterpretAs {
        /// Letter by letter.
        Characters = "characters",
        /// Letter by letter.
        SpellOut = "spell-out",
        /// A number.
        Cardinal = "cardinal",
        /// A number.
        Number = "number",
        /// A number that gives a rank.
        Ordinal = "ordinal",
        /// Digit by digit.
        Digits = "digits",
        /// A fraction.
        Fraction = "fraction",
        /// A measure.
        Unit = "unit",
        /// A date; [`DateFormat`] says how it is written.
        Date = "date",
        /// A duration.
        Time = "time",
        /// A street address.
        Address = "address",
        /// Bleeped out.
        Expletive = "expletive",
        /// A telephone number.
        Telephone = "telephone",
    }
}

open_enum! {
    /// The order of day (`d`), month (`m`) and year (`y`) in a date.
    pub enum DateFormat {
        /// `mdy`.
        Mdy = "mdy",
        /// `dmy`.
        Dmy = "dmy",
        /// `ymd`.
        Ymd = "ymd",
        /// `md`.
        Md = "md",
        /// `dm`.
        Dm = "dm",
        /// `ym`.
        Ym = "ym",
        /// `my`.
        My = "my",
        /// `d`.
        D = "d",
        /// `m`.
        M = "m",
        /// `y`.
        Y = "y",
        /// `yyyymmdd`.
        Yyyymmdd = "yyyymmdd",
    }
}
