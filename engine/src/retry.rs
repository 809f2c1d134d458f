//! Asking again while the broker is away.

use crate::log::{LogError, Reader};
use std::time::{Duration, Instant};

/// Whoever is refused at once asks so often.
const PAUSE: Duration = Duration::from_millis(100);
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Asks until there is an answer: the caller has nothing else to do. `whom`: for the log.
pub fn retry<R: Reader, T>(
    reader: &mut R,
    whom: &str,
    mut ask: impl FnMut(&mut R) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let mut told: Option<Instant> = None;
    loop {
        match ask(reader) {
            Err(LogError::Retry(why)) => {
                if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                    tracing::warn!("waiting for {whom}: {why}");
                    told = Some(now());
                }
                reader.wait(PAUSE);
            }
            other => return other,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how often something is told is no event of the stream")]
fn now() -> Instant {
    Instant::now()
}
