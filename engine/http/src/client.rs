//! One request: a row to its address, and what came of it.

use crate::secrets::Headers;
use crate::verdict::{Answer, BODY_BYTES_MAX};
use crate::window::Row;
use std::io::Read;
use std::time::Duration;
use tidegate_model::plan::HttpSink;
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// A longer answer is not read to its end, and its connection not used again.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Sends rows to one address; cheap to clone, connections are shared.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    url: String,
    method: &'static str,
    headers: Headers,
}

impl Client {
    pub fn new(sink: &HttpSink, headers: Headers, connections: usize) -> Client {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            // The system's certificates, or those of SSL_CERT_FILE and SSL_CERT_DIR.
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take the row, and its secrets, to another place.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_micros(sink.timeout.micros() as u64)))
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Client { agent: config.new_agent(), url: sink.url.clone(), method: sink.method.name(), headers }
    }

    pub fn send(&self, row: &Row) -> Answer {
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.url)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &row.idempotency_key);
        for (name, value) in &self.headers.all {
            request = request.header(name, value);
        }
        let request = match request.body(&row.json[..]) {
            Ok(request) => request,
            Err(error) => return Answer::Impossible { why: self.headers.hide(&error.to_string()) },
        };
        let mut response = match self.agent.run(request) {
            Ok(response) => response,
            Err(error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => {
                return Answer::Impossible { why: self.headers.hide(&error.to_string()) };
            }
            Err(error) => return Answer::None { why: self.headers.hide(&told(&error)) },
        };
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        let code = response.status().as_u16();
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(ANSWER_BYTES_MAX).read_to_end(&mut body);
        if let Err(error) = read {
            tracing::debug!("the answer {code} broke off: {error}");
        }
        // What is cut first may hold a part of a secret, which nobody finds.
        let body = self.headers.hide_and_cut(&String::from_utf8_lossy(&body), BODY_BYTES_MAX);
        Answer::Status { code, retry_after, body }
    }
}

fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "there was no answer in time".to_owned(),
        ureq::Error::HostNotFound => "the host is not found".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
