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
    let others = [("NODE_ENV", "production"), ("PATH", "/bin"), ("TWILIO_ACCOUNT_SID", "AC-invented"), ("PORT", "")];
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
    ] {
        let wrong = parse("", &[(name, value)]).unwrap_err();
        assert!(wrong.iter().any(|problem| problem.contains(name)), "{name}={value}: {wrong:?}");
    }
}

#[test]
fn an_unknown_key_names_itself() {
    let wrong = parse("[http]\nprot = 1\n", &[]).unwrap_err();
    assert!(wrong[0].contains("prot"), "{wrong:?}");
    let wrong = parse("[[accounts]]\nchannel = \"whatsapp\"\nnumber = \"+34600000000\"\n", &[]).unwrap_err();
    assert!(wrong[0].contains("accounts[0].number"), "{wrong:?}");
}

#[test]
fn no_secret_is_printed() {
    let secrets = [
        ("JWT_SECRET", "a-secret-of-many-letters"),
        ("WHATSAPP_ACCESS_TOKEN", "a-token-of-many-letters"),
        ("DATABASE_URL", "postgres://user:a-password@localhost/x"),
    ];
    let settings = parse("", &secrets).unwrap();
    let printed = format!("{settings:?}");
    for hidden in ["of-many-letters", "a-password"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
    assert_eq!(settings.auth.jwt_secret.unwrap().expose_secret(), "a-secret-of-many-letters");
    let environment: Environment = secrets.into_iter().collect();
    assert_eq!(format!("{environment:?}"), "Environment(3 variables)");
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
            (_, "") => "sixteen-letters-or-more",
            (_, example) => example,
        };
        (one.name, value)
    });
    let environment: Environment = values.collect();
    Settings::parse("", &environment).unwrap();
}
