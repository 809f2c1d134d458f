//! A broker with a door for each way of proving who one is, and with access control.

use crate::Broker;
use crate::broker::{Door, Guard};
use crate::certificates::{Authority, EXPIRED, random_password};
use std::path::PathBuf;

/// Each is a listener of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entrance {
    /// TLS and a password: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512.
    Password,
    /// TLS with a certificate of the client.
    Certificate,
    /// TLS and a token (OAUTHBEARER). What the token says is believed, as long as it has not expired; then the connection ends.
    Token,
    /// As `Password`, with a certificate that has expired.
    Expired,
    /// As `Password`, with a certificate for another host.
    OtherHost,
}

/// Who may do everything, by password or certificate.
pub const TRUSTED: &str = "trusted";
/// Who may do what access control says.
pub const LIMITED: &str = "limited";

pub struct Secured {
    pub broker: Broker,
    dir: tempfile::TempDir,
    /// The password of `TRUSTED`.
    pub password: String,
    /// The password of `LIMITED`.
    pub limited_password: String,
    /// Of the clients' keys.
    pub key_password: String,
}

impl Secured {
    pub fn start() -> Secured {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = |name: &str| dir.path().join(name);
        let (password, limited_password, key_password) =
            (random_password(), random_password(), random_password());
        let (authority, stranger) = (Authority::new("tests"), Authority::new("strangers"));
        let ca = authority.write(&path("ca.pem"));
        stranger.write(&path("stranger-ca.pem"));
        let right = authority
            .issue("broker", &["localhost", "127.0.0.1"], None)
            .write_for_broker(&path("broker.pem"));
        let expired = authority
            .issue("broker", &["localhost", "127.0.0.1"], Some(EXPIRED))
            .write_for_broker(&path("expired.pem"));
        let other = authority.issue("broker", &["kafka.example"], None).write_for_broker(&path("other.pem"));
        for (signer, name) in [(&authority, "client"), (&stranger, "stranger")] {
            let issued = signer.issue(TRUSTED, &[], None);
            let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
            issued.write_for_client(&path(&certificate), &path(&key), &key_password);
        }
        let keystore = |door: &str, file: &PathBuf| {
            format!(
                "listener.name.{door}.ssl.keystore.type=PEM\nlistener.name.{door}.ssl.keystore.location={}\n",
                file.display()
            )
        };
        let login = "org.apache.kafka.common.security";
        let passwords = |door: &str| {
            format!(
                "listener.name.{door}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n\
                 listener.name.{door}.plain.sasl.jaas.config={login}.plain.PlainLoginModule required user_{TRUSTED}=\"{password}\" user_{LIMITED}=\"{limited_password}\";\n\
                 listener.name.{door}.scram-sha-256.sasl.jaas.config={login}.scram.ScramLoginModule required;\n\
                 listener.name.{door}.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;\n"
            )
        };
        let mut settings = format!(
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS;User:{TRUSTED};User:CN={TRUSTED}\n\
             listener.name.certificate.ssl.client.auth=required\n\
             listener.name.certificate.ssl.truststore.type=PEM\n\
             listener.name.certificate.ssl.truststore.location={}\n\
             listener.name.token.sasl.enabled.mechanisms=OAUTHBEARER\n\
             listener.name.token.oauthbearer.connections.max.reauth.ms=60000\n\
             listener.name.token.oauthbearer.sasl.jaas.config={login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";\n",
            ca.display()
        );
        for (door, file) in [
            ("password", &right),
            ("certificate", &right),
            ("token", &right),
            ("expired", &expired),
            ("otherhost", &other),
        ] {
            settings.push_str(&keystore(door, file));
        }
        for door in ["password", "expired", "otherhost"] {
            settings.push_str(&passwords(door));
        }
        let door = |name, protocol| Door { name, protocol, port: 0 };
        let guard = Guard {
            doors: vec![
                door("PASSWORD", "SASL_SSL"),
                door("CERTIFICATE", "SSL"),
                door("TOKEN", "SASL_SSL"),
                door("EXPIRED", "SASL_SSL"),
                door("OTHERHOST", "SASL_SSL"),
            ],
            settings,
            users: [256, 512]
                .map(|bits| format!("SCRAM-SHA-{bits}=[name={TRUSTED},password={password}]"))
                .to_vec(),
        };
        Secured { broker: Broker::start_guarded(guard), dir, password, limited_password, key_password }
    }

    /// `host:port`
    pub fn address(&self, entrance: Entrance) -> String {
        self.broker.door(match entrance {
            Entrance::Password => "PASSWORD",
            Entrance::Certificate => "CERTIFICATE",
            Entrance::Token => "TOKEN",
            Entrance::Expired => "EXPIRED",
            Entrance::OtherHost => "OTHERHOST",
        })
    }

    /// `ca.pem`, `client.pem`, `client.key`; `stranger…`: the same of another CA.
    pub fn file(&self, name: &str) -> String {
        let path = self.dir.path().join(name);
        assert!(path.is_file(), "{name} was made");
        path.display().to_string()
    }
}
