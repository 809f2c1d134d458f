//! Asking again while the broker is away.

use crate::log::{LogError, Reader};
use std::time::Duration;

/// Whoever is refused at once asks so often.
const PAUSE: Duration = Duration::from_millis(100);
/// One in so many refusals is told of.
const TOLD_EVERY: u32 = 50;

/// Asks until there is an answer: the caller has nothing else to do.
pub fn retry<R: Reader, T>(
    reader: &mut R,
    mut ask: impl FnMut(&mut R) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let mut refusals = 0;
    loop {
        match ask(reader) {
            Err(LogError::Retry(why)) => {
                if refusals % TOLD_EVERY == 0 {
                    tracing::warn!("waiting for the broker: {why}");
                }
                refusals += 1;
                reader.wait(PAUSE);
            }
            other => return other,
        }
    }
}
