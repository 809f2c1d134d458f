//! Tokens for OAUTHBEARER, from an identity provider: OAuth 2.0 with a client's credentials. All clients of a process share the token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;
use std::io::Read;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// Everything but what RFC 3986 leaves as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Less than a start waits for a broker, so that it is told which of both does not answer.
const CALL: Duration = Duration::from_secs(4);
/// Longer than any token is valid.
const LIFE_SECONDS_MAX: i64 = 1 << 32;
const ANSWER_BYTES_MAX: u64 = 1 << 20;
const ERROR_BYTES_MAX: usize = 60;
/// What an error begins with that may go by itself.
pub const UNREACHABLE: &str = "the token endpoint cannot be reached";

/// Where tokens come from.
pub struct Tokens {
    endpoint: String,
    client: String,
    secret: String,
    scope: Option<String>,
    agent: Agent,
    kept: Mutex<Option<Token>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("endpoint", &self.endpoint).field("client", &self.client).finish()
    }
}

#[derive(Clone)]
pub struct Token {
    pub value: String,
    pub principal: String,
    pub expires_ms: i64,
    /// Behind it another one is asked for.
    renew_ms: i64,
}

impl Tokens {
    /// `endpoint`: on this machine it is asked without a proxy, which would take the secret to another one.
    pub fn new(endpoint: &str, client: &str, secret: &str, scope: Option<&str>) -> Tokens {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            // The system's certificates, or those of SSL_CERT_FILE and SSL_CERT_DIR.
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let mut config = Agent::config_builder();
        if is_local(endpoint) {
            config = config.proxy(None);
        }
        let config = config
            .http_status_as_error(false)
            // A redirect would take the secret to another place.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(CALL))
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Tokens {
            endpoint: endpoint.to_owned(),
            client: client.to_owned(),
            secret: secret.to_owned(),
            scope: scope.map(str::to_owned),
            agent: config.new_agent(),
            kept: Mutex::new(None),
        }
    }

    /// The one that is there, while most of its life lies ahead; else a new one.
    pub fn token(&self) -> Result<Token, String> {
        let mut kept = self.kept.lock().expect("no holder of this lock panics");
        let now = now_ms();
        if let Some(token) = kept.as_ref().filter(|token| now < token.renew_ms) {
            return Ok(token.clone());
        }
        let (value, life_ms) = self.ask()?;
        let token = Token {
            value,
            principal: self.client.clone(),
            expires_ms: now + life_ms,
            renew_ms: now + life_ms / 10 * 7,
        };
        *kept = Some(token.clone());
        Ok(token)
    }

    /// A token, and for how many milliseconds it is valid.
    fn ask(&self) -> Result<(String, i64), String> {
        let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        let credentials = STANDARD.encode(format!("{}:{}", encoded(&self.client), encoded(&self.secret)));
        let mut form = "grant_type=client_credentials".to_owned();
        if let Some(scope) = &self.scope {
            form.push_str(&format!("&scope={}", encoded(scope)));
        }
        let request = self
            .agent
            .post(&self.endpoint)
            .header("Authorization", &format!("Basic {credentials}"))
            .header("Accept", "application/json")
            .content_type("application/x-www-form-urlencoded");
        let mut response =
            request.send(form).map_err(|error| format!("{UNREACHABLE}: {}: {error}", self.endpoint))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(ANSWER_BYTES_MAX).read_to_end(&mut body);
        read.map_err(|error| format!("{UNREACHABLE}: {}: {error}", self.endpoint))?;
        answered(status, &body).map_err(|why| match status {
            500.. => format!("{UNREACHABLE}: {}: {why}", self.endpoint),
            _ => format!("no token from {}: {why}", self.endpoint),
        })
    }
}

/// Is it `http` or `https` to this machine itself?
pub fn is_local(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    uri.is_some_and(|uri| ["localhost", "127.0.0.1", "[::1]"].contains(&uri.host().unwrap_or_default()))
}

fn answered(status: u16, body: &[u8]) -> Result<(String, i64), String> {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    if status != 200 {
        // Only the word that the standard has: the rest may repeat what was sent.
        let word = answer["error"].as_str().filter(|word| {
            word.len() <= ERROR_BYTES_MAX
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        return Err(format!("answered {status} {}", word.unwrap_or_default()).trim_end().to_owned());
    }
    let token = answer["access_token"].as_str().ok_or("the answer has no `access_token`")?;
    let seconds = &answer["expires_in"];
    // Some write the number as a text.
    let seconds = seconds.as_i64().or_else(|| seconds.as_str()?.parse().ok());
    let seconds = seconds.filter(|seconds| (1..=LIFE_SECONDS_MAX).contains(seconds));
    let seconds = seconds.ok_or("the answer does not say how long the token is valid (`expires_in`)")?;
    Ok((token.to_owned(), seconds * 1000))
}

#[expect(clippy::disallowed_methods, reason = "tokens are valid by the wall clock")]
fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_gives_a_token_or_a_word_that_repeats_nothing() {
        let right = br#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":300}"#;
        assert_eq!(answered(200, right), Ok(("a.b.c".to_owned(), 300_000)));
        assert_eq!(
            answered(401, br#"{"error":"invalid_client"}"#),
            Err("answered 401 invalid_client".to_owned())
        );
        assert_eq!(answered(400, br#"{"error":"S3CR3T is wrong"}"#), Err("answered 400".to_owned()));
        assert_eq!(answered(403, b"<html>"), Err("answered 403".to_owned()));
        assert!(answered(200, br#"{"access_token":"a"}"#).expect_err("refused").contains("`expires_in`"));
        assert_eq!(answered(200, br#"{"access_token":"a","expires_in":"60"}"#), Ok(("a".to_owned(), 60_000)));
        for never in ["0", "-1", "9223372036854775807", "\"soon\""] {
            let answer = format!(r#"{{"access_token":"a","expires_in":{never}}}"#);
            assert!(answered(200, answer.as_bytes()).is_err(), "{never}");
        }
        assert!(answered(200, b"{}").expect_err("refused").contains("`access_token`"));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let tokens = Tokens::new("https://id.example/token", "app", "s3cr3t", None);
        assert!(!format!("{tokens:?}").contains("s3cr3t"));
    }
}
