use super::*;
use std::os::unix::fs::PermissionsExt;

fn environment(name: &str) -> Option<String> {
    (name == "PASSWORD").then(|| "s3cr3t-of-env".to_owned())
}

fn read(pairs: &[&str]) -> Result<Options, String> {
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    Options::read(None, &pairs, false, &environment).map_err(|error| error.to_string())
}

fn told(pair: &str) -> String {
    read(&[pair]).expect_err("refused")
}

#[test]
fn every_option_of_the_list_is_one_of_librdkafka() {
    for name in ALLOWED.into_iter().filter(|name| !is_for_tokens(name)) {
        let mut config = ClientConfig::new();
        config.set(name, "");
        let error = config.create_native_config().err().map_or_else(String::new, |error| error.to_string());
        assert!(!error.contains("No such configuration property"), "{name}: {error}");
        assert!(!FIXED.contains(&name), "{name}");
    }
    assert!(ALLOWED.is_sorted(), "in the order in which they are looked for");
}

#[test]
fn what_the_protocol_stands_on_loads_code_or_is_not_known_is_refused() {
    assert_eq!(
        told("isolation.level=read_uncommitted"),
        "--kafka isolation.level: is set by Tidegate itself: exactly-once results depend on it"
    );
    for name in FIXED {
        assert!(told(&format!("{name}=1")).contains("is set by Tidegate itself"), "{name}");
    }
    for name in
        ["plugin.library.paths", "ssl.engine.location", "ssl.providers", "debug", "sasl.kerberos.kinit.cmd"]
    {
        assert!(told(&format!("{name}=/tmp/x")).contains("is not among the options"), "{name}");
    }
    assert_eq!(
        told("sasl.pasword=x"),
        "--kafka sasl.pasword: is not among the options that may be set; was `sasl.password` meant? `tidegate explain kafka-options` lists them"
    );
    assert!(told("sasl.jaas.config=x").contains("use sasl.username and sasl.password"));
    assert!(told("security.protocol=carrier-pigeon").contains("carrier-pigeon"));
    assert!(read(&["security.protocol=SSL", "linger.ms=7"]).is_ok());
    assert_eq!(told("s3cr3t"), "--kafka: NAME=VALUE is needed");
}

#[test]
fn a_connection_that_others_can_take_over_needs_a_word() {
    let weak: [&[&str]; 12] = [
        &["ssl.endpoint.identification.algorithm= none"],
        &["security.protocol= SASL_PLAINTEXT ", "sasl.mechanism=\tPLAIN"],
        &["enable.ssl.certificate.verification=false"],
        &["enable.ssl.certificate.verification=FALSE"],
        &["enable.ssl.certificate.verification=0"],
        &["enable.ssl.certificate.verification=f"],
        &["ssl.endpoint.identification.algorithm=none"],
        &["ssl.endpoint.identification.algorithm=NONE"],
        &["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN"],
        &["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=SCRAM-SHA-512", "sasl.mechanisms=PLAIN"],
        &["sasl.oauthbearer.token.endpoint.url=http://tokens.example/token"],
        &["sasl.oauthbearer.token.endpoint.url=HTTP://localhost:x@tokens.example/token"],
    ];
    for pairs in weak {
        let error = read(pairs).expect_err("refused");
        assert!(error.contains("`--insecure`"), "{error}");
        let owned: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        assert!(Options::read(None, &owned, true, &environment).is_ok(), "{pairs:?}");
    }
    assert!(read(&["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=SCRAM-SHA-512"]).is_ok());
}

#[test]
fn of_two_names_of_one_option_the_last_counts() {
    let options = read(&["fetch.message.max.bytes=1000", "max.partition.fetch.bytes=2000"]).expect("right");
    let pairs: Vec<_> = options.pairs().cloned().collect();
    assert_eq!(pairs, [("max.partition.fetch.bytes".to_owned(), "2000".to_owned())]);
    for (alias, name) in ALIASES {
        assert!(ALLOWED.contains(&alias) && ALLOWED.contains(&name), "{alias}");
    }
}

/// Wherever it is put by mistake.
#[test]
fn what_a_reference_gives_is_shown_nowhere() {
    let error = told("linger.ms=${env:PASSWORD}");
    assert!(!error.contains("s3cr3t"), "{error}");
    let options = read(&["client.id=${env:PASSWORD}"]).expect("right");
    assert!(!format!("{options:?}").contains("s3cr3t"));
    let url = "sasl.oauthbearer.token.endpoint.url=https://app:s3cr3t@id.example/token";
    let error = read(&["sasl.mechanism=OAUTHBEARER", url]).expect_err("refused");
    assert!(error.contains("no name and password") && !error.contains("s3cr3t"), "{error}");
}

#[test]
fn secrets_are_references_and_are_not_shown() {
    let options = read(&["sasl.password=${env:PASSWORD}", "sasl.username=app"]).expect("right");
    assert_eq!(options.get(&["sasl.password"]), Some("s3cr3t-of-env"));
    let shown = format!("{options:?}");
    assert!(shown.contains("app") && !shown.contains("s3cr3t"), "{shown}");
    assert_eq!(
        told("sasl.password=${env:OTHER}"),
        "--kafka sasl.password: the environment variable OTHER is not set"
    );
    assert!(told("sasl.password=${OTHER}").contains("`${env:NAME}` or `${file:/path}`"));
}

#[test]
fn a_file_of_options_is_read_and_must_be_kept_from_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("client.properties");
    let write = |text: &str, mode: u32| {
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    let read = |pairs: &[&str]| {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        Options::read(Some(&path), &pairs, false, &environment).map_err(|error| error.to_string())
    };
    write("# the cluster\nsasl.username = app\n\nsasl.password=a=b\n", 0o600);
    let options = read(&["sasl.username=other"]).expect("right");
    assert_eq!(
        (options.get(&["sasl.username"]), options.get(&["sasl.password"])),
        (Some("other"), Some("a=b"))
    );
    write("sasl.password=a\n", 0o644);
    let error = read(&[]).expect_err("refused");
    assert!(error.contains("client.properties:1: sasl.password:") && error.contains("chmod"), "{error}");
    write("sasl.password=${env:PASSWORD}\n", 0o644);
    assert!(read(&[]).is_ok(), "a reference is no secret");
    write("sasl.password=hunter2${env:PASSWORD}\n", 0o644);
    assert!(read(&[]).expect_err("refused").contains("chmod"), "a part of it stands there");
    write("linger\n", 0o600);
    assert!(read(&[]).expect_err("refused").contains("client.properties:1: a line is"));
    write("linger.ms=5\ngroup.id=x\n", 0o600);
    assert!(read(&[]).expect_err("refused").contains("client.properties:2: group.id: is set by Tidegate"));
}
