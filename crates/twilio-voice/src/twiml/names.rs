//! Names that are too many for an enum.

use super::table::names;

names! {
    /// A language (BCP 47, as Twilio writes it). Which ones a verb speaks or understands, its page says.
    ///
    /// *See [Twilio docs/Gather](https://www.twilio.com/docs/voice/twiml/gather#languagetags),
    /// [Twilio docs/Say](https://www.twilio.com/docs/voice/twiml/say#attributes-language)*
    LanguageTag {
        AF_ZA "af-ZA"  AM_ET "am-ET"  AR_AE "ar-AE"  AR_BH "ar-BH"  AR_DZ "ar-DZ"  AR_EG "ar-EG"  AR_IL "ar-IL"
        AR_IQ "ar-IQ"  AR_JO "ar-JO"  AR_KW "ar-KW"  AR_LB "ar-LB"  AR_MA "ar-MA"  AR_OM "ar-OM"  AR_PS "ar-PS"
        AR_QA "ar-QA"  AR_SA "ar-SA"  AR_TN "ar-TN"  AR_XA "ar-XA"  ARB "arb"  AZ_AZ "az-AZ"  BG_BG "bg-BG"
        BN_BD "bn-BD"  BN_IN "bn-IN"  CA_ES "ca-ES"  CMN_CN "cmn-CN"  CMN_HANS_CN "cmn-Hans-CN"
        CMN_HANT_TW "cmn-Hant-TW"  CMN_TW "cmn-TW"  CS_CZ "cs-CZ"  CY_GB "cy-GB"  DA_DK "da-DK"  DE_AT "de-AT"
        DE_DE "de-DE"  EL_GR "el-GR"  EN_AU "en-AU"  EN_CA "en-CA"  EN_GB "en-GB"  EN_GB_WLS "en-GB-WLS"
        EN_GH "en-GH"  EN_IE "en-IE"  EN_IN "en-IN"  EN_KE "en-KE"  EN_NG "en-NG"  EN_NZ "en-NZ"  EN_PH "en-PH"
        EN_SG "en-SG"  EN_TZ "en-TZ"  EN_US "en-US"  EN_ZA "en-ZA"  ES_AR "es-AR"  ES_BO "es-BO"  ES_CL "es-CL"
        ES_CO "es-CO"  ES_CR "es-CR"  ES_DO "es-DO"  ES_EC "es-EC"  ES_ES "es-ES"  ES_GT "es-GT"  ES_HN "es-HN"
        ES_MX "es-MX"  ES_NI "es-NI"  ES_PA "es-PA"  ES_PE "es-PE"  ES_PR "es-PR"  ES_PY "es-PY"  ES_SV "es-SV"
        ES_US "es-US"  ES_UY "es-UY"  ES_VE "es-VE"  ET_EE "et-EE"  EU_ES "eu-ES"  FA_IR "fa-IR"  FI_FI "fi-FI"
        FIL_PH "fil-PH"  FR_BE "fr-BE"  FR_CA "fr-CA"  FR_FR "fr-FR"  GL_ES "gl-ES"  GU_IN "gu-IN"  HE_IL "he-IL"
        HI_IN "hi-IN"  HR_HR "hr-HR"  HU_HU "hu-HU"  HY_AM "hy-AM"  ID_ID "id-ID"  IS_IS "is-IS"  IT_IT "it-IT"
        JA_JP "ja-JP"  JV_ID "jv-ID"  KA_GE "ka-GE"  KM_KH "km-KH"  KN_IN "kn-IN"  KO_KR "ko-KR"  LO_LA "lo-LA"
        LT_LT "lt-LT"  LV_LV "lv-LV"  MK_MK "mk-MK"  ML_IN "ml-IN"  MN_MN "mn-MN"  MR_IN "mr-IN"  MS_MY "ms-MY"
        MY_MM "my-MM"  NAR_IQ "nar-IQ"  NB_NO "nb-NO"  NE_NP "ne-NP"  NL_BE "nl-BE"  NL_NL "nl-NL"  PA_IN "pa-IN"
        PA_GURU_IN "pa-guru-IN"  PL_PL "pl-PL"  PT_BR "pt-BR"  PT_PT "pt-PT"  RO_RO "ro-RO"  RU_RU "ru-RU"
        SI_LK "si-LK"  SK_SK "sk-SK"  SL_SI "sl-SI"  SQ_AL "sq-AL"  SR_RS "sr-RS"  SU_ID "su-ID"  SV_SE "sv-SE"
        SW_KE "sw-KE"  SW_TZ "sw-TZ"  TA_IN "ta-IN"  TA_LK "ta-LK"  TA_MY "ta-MY"  TA_SG "ta-SG"  TE_IN "te-IN"
        TH_TH "th-TH"  TR_TR "tr-TR"  UK_UA "uk-UA"  UR_IN "ur-IN"  UR_PK "ur-PK"  UZ_UZ "uz-UZ"  VI_VN "vi-VN"
        YUE_CN "yue-CN"  YUE_HK "yue-HK"  YUE_HANT_HK "yue-Hant-HK"  ZH "zh"  ZH_CN "zh-CN"  ZH_HK "zh-HK"
        ZH_TW "zh-TW"  ZU_ZA "zu-ZA"
    }
}

names! {
    /// The ringing tone of a country.
    ///
    /// *See [Twilio docs/Dial](https://www.twilio.com/docs/voice/twiml/dial#ringtone)*
    RingTone {
        AT "at"  AU "au"  BG "bg"  BR "br"  BE "be"  CH "ch"  CL "cl"  CN "cn"  CZ "cz"  DE "de"  DK "dk"  EE "ee"
        ES "es"  FI "fi"  FR "fr"  GR "gr"  HU "hu"  IL "il"  IN "in"  IT "it"  LT "lt"  JP "jp"  MX "mx"  MY "my"
        NL "nl"  NO "no"  NZ "nz"  PH "ph"  PL "pl"  PT "pt"  RU "ru"  SE "se"  SG "sg"  TH "th"  UK "uk"  US "us"
        US_OLD "us-old"  TW "tw"  VE "ve"  ZA "za"
    }
}

names! {
    /// Where the audio of a conference is mixed.
    ///
    /// *See [Twilio docs/Conference](https://www.twilio.com/docs/voice/twiml/conference#region)*
    Region {
        US1 "us1"  US2 "us2"  IE1 "ie1"  SG1 "sg1"  BR1 "br1"  AU1 "au1"  JP1 "jp1"  DE1 "de1"
    }
}

names! {
    /// A voice. There are about 900, of two makers, and new ones every month: [`polly`](Self::polly) and
    /// [`google`](Self::google) name them.
    ///
    /// *See [Twilio docs/Text-to-speech](https://www.twilio.com/docs/voice/twiml/say/text-speech)*
    Voice {
        MAN "man"  WOMAN "woman"  ALICE "alice"
    }
}

impl Voice {
    /// A voice of Amazon Polly, for instance `Lucia-Neural`.
    #[must_use]
    pub fn polly(name: &str) -> Self {
        Self::from(format!("Polly.{name}"))
    }

    /// A voice of Google, for instance `es-ES-Neural2-A`.
    #[must_use]
    pub fn google(name: &str) -> Self {
        Self::from(format!("Google.{name}"))
    }
}
