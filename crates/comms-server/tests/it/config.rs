use comms_core::ExposeSecret;
use comms_server::config::{Environment, Settings, VARIABLES, env_example};

fn parse(file: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let environment: Environment = environment.iter().copied().collect();
    Settings::parse(file, &environment).map_err(|error| error.0)
}

#[test]
fn nothing_at_all_is_enough() {
    let settings = parse("", &[]).unwrap();
    assert_eq!(settings.http.port, 8080);
    assert!(settings.migrates_on_start());
    assert!(!settings.is_postgres());
    assert_eq!(settings.whatsapp.missing_to_send(), ["WHATSAPP_ACCESS_TOKEN", "WHATSAPP_PHONE_NUMBER_ID"]);
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "[http]\nport = 1\nrate_limit_per_minute = 5\n[whatsapp]\napi_version = \"v23.0\"\n";
    let settings = parse(file, &[("PORT", "2"), ("TRUSTED_PROXIES", "10.0.0.1, 172.16.0.0/12")]).unwrap();
    assert_eq!(settings.http.port, 2);
    assert_eq!(settings.http.rate_limit_per_minute.get(), 5);
    assert_eq!(settings.http.trusted_proxies, ["10.0.0.1", "172.16.0.0/12"]);
    assert_eq!(settings.whatsapp.api_version.as_deref(), Some("v23.0"));
}

#[test]
fn other_programs_variables_never_stop_the_start() {
    let others = [("NODE_ENV", "production"), ("PATH", "/bin"), ("ELEVENLABS_API_KEY", "invented"), ("PORT", "")];
    assert_eq!(parse("", &others).unwrap().http.port, 8080);
}

#[test]
fn a_bad_value_names_its_variable() {
    let wrong = parse("", &[("PORT", "many"), ("MIGRATE_ON_START", "perhaps")]).unwrap_err();
    assert_eq!(
        wrong,
        ["PORT: \"many\" is not a whole number", "MIGRATE_ON_START: \"perhaps\" is neither true nor false"]
    );
    for (name, value) in [
        ("PORT", "70000"),
        ("RATE_LIMIT_PER_MINUTE", "0"),
        ("PUBLIC_BASE_URL", "not an address"),
        ("PUBLIC_BASE_URL", "ftp://example.com"),
        ("TRUSTED_PROXIES", "the office"),
        ("CORS_ORIGINS", "https://app.example.com/"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("COMMS_DB_SCHEMA", "a b"),
        ("JWT_SECRET", "short"),
        ("MICROSERVICE_TOKEN", "short"),
        ("JWT_ROL_ADMIN", "vendedor"),
        ("LOG_FORMAT", "xml"),
        ("PHONE_REGION", "Spain"),
        ("TWILIO_PHONE_NUMBER", "600000000"),
        ("TWILIO_CALLER_ID", "Diamond"),
        ("TWILIO_WHATSAPP_NUMBER", "whatsapp:600000000"),
        ("TWILIO_MESSAGING_SERVICE_SID", "SM01"),
        ("VOICE_COUNTRIES", "Spain"),
        ("ELEVENLABS_POLL_SECONDS", "5"),
        ("ELEVENLABS_DEBOUNCE_MS", "200"),
        ("ELEVENLABS_TIME_ZONE", "Bogota"),
        ("ELEVENLABS_QUIET_FROM", "nine"),
        ("ELEVENLABS_QUIET_UNTIL", "08:00"),
        ("VOICE_RING_SECONDS", "601"),
        ("VOICE_TOKEN_SECONDS", "86401"),
        ("VOICE_DAILY_CAP", "0"),
        ("WEBHOOKS_ALLOW", "10.0.0.0/8, https://erp.internal"),
        ("WEBHOOKS_KEEP_DAYS", "0"),
        ("COMMS_ENCRYPTION_KEY", "short"),
        ("COMMS_ENCRYPTION_KEY_PREVIOUS", "short"),
    ] {
        let wrong = parse("", &[(name, value)]).unwrap_err();
        assert!(wrong.iter().any(|problem| problem.contains(name)), "{name}={value}: {wrong:?}");
    }
}

#[test]
fn an_unknown_key_names_itself() {
    let wrong = parse("[http]\nprot = 1\n", &[]).unwrap_err();
    assert!(wrong[0].contains("prot"), "{wrong:?}");
    let wrong = parse("[[accounts]]\nchannel = \"whatsapp\"\nnumber = \"mine\"\n", &[]).unwrap_err();
    assert!(wrong[0].contains("accounts[0].number"), "{wrong:?}");
}

/// Every account of a file, as the history knows it.
fn ids(file: &str) -> Vec<String> {
    let settings = parse(file, &[]).unwrap();
    settings.accounts.iter().map(|account| account.id().into_string()).collect()
}

#[test]
fn the_carrier_of_a_number_is_found_out() {
    let file = r#"
        [[accounts]]
        channel = "whatsapp"
        number = "106540352242922"
        [[accounts]]
        channel = "whatsapp"
        number = "whatsapp:+15005550006"
        [[accounts]]
        channel = "whatsapp"
        number = "+15005550007"
        [[accounts]]
        channel = "voice"
        number = "+15005550006"
        [[accounts]]
        channel = "sms"
        number = "MG00000000000000000000000000000001"
        [[accounts]]
        channel = "sms"
        provider = "twilio"
        number = "Diamond"
        account_sid = "AC00000000000000000000000000000002"
        auth_token = "invented"
    "#;
    let found = [
        "whatsapp:106540352242922",
        "twilio-whatsapp:+15005550006",
        "twilio-whatsapp:+15005550007",
        "twilio-voice:+15005550006",
        "twilio-sms:MG00000000000000000000000000000001",
        "twilio-sms:Diamond",
    ];
    assert_eq!(ids(file), found);
}

#[test]
fn an_account_that_cannot_be_names_itself() {
    for (account, named) in [
        ("channel = \"voice\"\nnumber = \"106540352242922\"", "accounts[0].number"),
        ("channel = \"sms\"\nnumber = \"a name too long\"", "accounts[0].number"),
        ("channel = \"whatsapp\"\nprovider = \"meta\"\nnumber = \"+15005550006\"", "accounts[0].number"),
        ("channel = \"voice\"\nprovider = \"meta\"\nnumber = \"+15005550006\"", "accounts[0].channel"),
        ("channel = \"email\"\nnumber = \"ventas@example\"", "accounts[0].number"),
        ("channel = \"email\"\nprovider = \"twilio\"\nnumber = \"example.com\"", "accounts[0].channel"),
        ("channel = \"sms\"\nnumber = \"+15005550006\"\naccount_sid = \"AC01\"", "accounts[0]: account_sid"),
        ("channel = \"voice\"\nnumber = \"+15005550006\"\ncaller_id = \"me\"", "accounts[0].caller_id"),
        ("channel = \"voice\"\nprovider = \"carrier pigeon\"\nnumber = \"1\"", "accounts[0].provider"),
    ] {
        let wrong = parse(&format!("[[accounts]]\n{account}\n"), &[]).unwrap_err();
        assert!(wrong[0].contains(named), "{account}: {wrong:?}");
    }
}

#[test]
fn the_number_of_whatsapp_has_two_spellings() {
    for name in ["TWILIO_WHATSAPP_NUMBER", "TWILIO_WHATSAPP_FROM"] {
        for number in ["+15005550006", "whatsapp:+15005550006"] {
            let settings = parse("", &[(name, number), ("TWILIO_OWNER_ID", "7")]).unwrap();
            let accounts = settings.twilio.accounts();
            let [account] = accounts.as_slice() else { panic!("{accounts:?}") };
            assert_eq!(account.id().as_str(), "twilio-whatsapp:+15005550006");
            assert_eq!(account.owner.as_ref().unwrap().as_str(), "7");
        }
    }
    let two = [("TWILIO_WHATSAPP_NUMBER", "+15005550006"), ("TWILIO_WHATSAPP_FROM", "whatsapp:+15005550007")];
    assert!(parse("", &two).unwrap_err()[0].contains("two numbers"));
}

#[test]
fn twilio_calls_no_host_with_an_underscore() {
    let address = ("PUBLIC_BASE_URL", "https://my_shop.example.com");
    assert!(parse("", &[address]).is_ok());
    let wrong = parse("", &[address, ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001")]).unwrap_err();
    assert!(wrong[0].starts_with("PUBLIC_BASE_URL"), "{wrong:?}");
}

#[test]
fn sms_belong_to_the_messaging_service_where_there_is_one() {
    let service = "MG00000000000000000000000000000001";
    let both = [("TWILIO_PHONE_NUMBER", "+15005550006"), ("TWILIO_MESSAGING_SERVICE_SID", service)];
    let settings = parse("", &both).unwrap();
    let ids: Vec<_> = settings.twilio.accounts().iter().map(|account| account.id().into_string()).collect();
    assert_eq!(ids, ["twilio-voice:+15005550006".to_owned(), format!("twilio-sms:{service}")]);
}

#[test]
fn one_number_calls_and_writes() {
    let settings = parse("", &[("TWILIO_PHONE_NUMBER", "+15005550006")]).unwrap();
    let ids: Vec<_> = settings.twilio.accounts().iter().map(|account| account.id().into_string()).collect();
    assert_eq!(ids, ["twilio-voice:+15005550006", "twilio-sms:+15005550006"]);
    assert_eq!(settings.twilio.missing_to_send(), ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]);
    assert!(!settings.twilio.is_wanted(), "a number alone is no account");
}

#[test]
fn no_secret_is_printed() {
    let secrets = [
        ("JWT_SECRET", "a-secret-of-many-letters"),
        ("WHATSAPP_ACCESS_TOKEN", "a-token-of-many-letters"),
        ("TWILIO_AUTH_TOKEN", "another-of-many-letters"),
        ("TWILIO_API_KEY_SECRET", "a-key-of-many-letters"),
        ("DATABASE_URL", "postgres://user:a-password@localhost/x"),
    ];
    let settings = parse("", &secrets).unwrap();
    let printed = format!("{settings:?}");
    for hidden in ["of-many-letters", "a-password"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
    assert_eq!(settings.auth.jwt_secret.unwrap().expose_secret(), "a-secret-of-many-letters");
    let environment: Environment = secrets.into_iter().collect();
    assert_eq!(format!("{environment:?}"), "Environment(5 variables)");
    let wrong = parse("[auth]\njwt_secret = 1234567890123456\n", &[]).unwrap_err();
    assert!(!wrong[0].contains("1234567890123456"), "{wrong:?}");
    let wrong = parse("", &[("DATABASE_URL", "postgres://user:a-password@[nowhere/x")]).unwrap_err();
    assert!(!wrong.join(" ").contains("a-password"), "{wrong:?}");
}

#[test]
fn env_example_lists_every_variable() {
    let file = include_str!("../../../../.env.example");
    assert_eq!(file, env_example(), "write it again: cargo run -- env-example > .env.example");
    assert!(VARIABLES.iter().all(|one| file.contains(&format!("# {}=", one.name))));
}

#[test]
fn every_variable_of_the_table_has_its_place() {
    let values = VARIABLES.iter().filter(|one| one.key.is_some()).map(|one| {
        let value = match (one.name, one.example) {
            ("BIND_ADDRESS", _) => "127.0.0.1",
            ("WORKERS", _) => "2",
            ("MIGRATE_ON_START", _) => "true",
            ("PHONE_REGION", _) => "ES",
            ("JWT_ROL_OPERADOR", _) => "operador",
            ("TWILIO_MESSAGING_SERVICE_SID", _) => "MG00000000000000000000000000000001",
            (name, _) if name.starts_with("RETENTION_") => "30",
            ("COMMS_ENCRYPTION_KEY" | "COMMS_ENCRYPTION_KEY_PREVIOUS", _) => {
                "0101010101010101010101010101010101010101010101010101010101010101"
            }
            (_, "") => "sixteen-letters-or-more",
            (_, example) => example,
        };
        (one.name, value)
    });
    let environment: Environment = values.collect();
    Settings::parse("", &environment).unwrap();
}

const AGENTS: &str = r#"
[elevenlabs]
agent_ids = ["agent_1", "agent_2"]
time_zone = "America/Bogota"
quiet_from = "21:00"
quiet_until = "08:00"

[elevenlabs.rules]
template = "seguimiento"
template_variables = ["{client_name|cliente}"]
keywords = ["humano"]

[[elevenlabs.agents]]
id = "agent_2"
organization = "principal"
[elevenlabs.agents.rules]
template_language = "pt"
keywords = []
"#;

#[test]
fn an_agent_has_its_own_rules_and_those_of_all() {
    let settings = parse(AGENTS, &[("ELEVENLABS_TEMPLATE", "otra")]).unwrap();
    let rules = settings.elevenlabs.rules(&settings.organization);
    assert_eq!(rules.agents.len(), 2, "each once");
    let (first, second) = (&rules.agents["agent_1"], &rules.agents["agent_2"]);
    assert_eq!(first.template.as_ref().map(|one| (one.name.as_str(), one.language.as_str())), Some(("otra", "es")));
    assert_eq!(second.template.as_ref().map(|one| (one.name.as_str(), one.language.as_str())), Some(("otra", "pt")));
    assert_eq!((first.keywords.len(), second.keywords.len()), (1, 0));
    assert!(rules.other_agents.is_none(), "where some are named, others' calls do not go on");
    assert_eq!(rules.polls_for.as_ref(), Some(&settings.organization.id));
    assert!(rules.quiet.is_some());
}

#[test]
fn calls_are_not_looked_for_where_they_could_be_anothers() {
    let two =
        "[elevenlabs]\nagent_ids = [\"agent_1\"]\n[[elevenlabs.agents]]\nid = \"agent_2\"\norganization = \"sur\"";
    let settings = parse(two, &[]).unwrap();
    assert!(settings.elevenlabs.rules(&settings.organization).polls_for.is_none());
    let none = parse("", &[("ELEVENLABS_API_KEY", "an-invented-key")]).unwrap();
    let rules = none.elevenlabs.rules(&none.organization);
    assert!(rules.polls_for.is_none() && rules.other_agents.is_some(), "those go on of which a back end tells");
}
