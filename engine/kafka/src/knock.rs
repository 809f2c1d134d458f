//! Asks the brokers whether they let this client in, before anything else: what would be waited for in vain is told.

use crate::admin::AdminError;
use crate::client::{Client, Kind};
use crate::refusal::{broke_off, refusal};
use crate::settings::Settings;
use rdkafka::types::RDKafkaRespErr as Code;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);
/// Another broker of the list may let it in.
const OTHERS: Duration = Duration::from_secs(1);
/// How long the first answer is waited for, between looks at what went wrong; the next ones longer, since each question is a new request.
const STEP: Duration = Duration::from_millis(50);

/// Retry: no broker answers. Refused: they do not let this client in, or it does not trust them.
#[expect(clippy::disallowed_methods, reason = "how long a broker is waited for is no event of the stream")]
pub fn knock(settings: &Settings) -> Result<Client, AdminError> {
    let client =
        Client::new(Kind::Knocker, &settings.observer(), settings.tokens()).map_err(AdminError::Fatal)?;
    let start = Instant::now();
    let mut refused: Option<(Instant, String)> = None;
    let mut step = STEP;
    loop {
        if client.ask(None, step).is_ok() {
            return Ok(client);
        }
        step = (step * 2).min(OTHERS);
        client.serve_errors(Duration::ZERO);
        let callbacks = client.callbacks();
        let trouble = callbacks.trouble.lock().expect("no holder of this lock panics").clone();
        if let (None, Some((code, reason))) = (&refused, &trouble) {
            let certificate = callbacks.certificate.load(Ordering::SeqCst);
            refused = refusal(*code, reason, certificate).map(|why| (Instant::now(), why));
        }
        if let Some((since, why)) = &refused
            && since.elapsed() > OTHERS
        {
            return Err(AdminError::Refused(why.clone()));
        }
        if start.elapsed() > PATIENCE {
            let why =
                trouble.map_or_else(|| broke_off(&settings.security()).to_owned(), |(_, reason)| reason);
            return Err(AdminError::Retry(why));
        }
    }
}

/// Of topics that are not seen: those that this client has no right to see.
pub fn hidden(client: &Client, topics: &[String]) -> Vec<String> {
    let is_hidden = |topic: &&String| {
        let asked = client.ask(Some(&client.topic(topic)), PATIENCE);
        asked.is_err_and(|error| error.code == Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    };
    topics.iter().filter(is_hidden).cloned().collect()
}
