//! What a task must not forget about an input partition besides its offset: the watermark. It travels as the note of the
//! committed offset, so it is exactly as old as the offset and needs no store.
//!
//! Form: `w1` and then, separated by commas, one entry for each upstream task (one for a topic of the user's): `-` nothing known,
//! `+` ended, else microseconds, the first in full and the others as the difference to the one before; `i` behind it: idle.

use crate::watermark::Upstream;
use tidegate_model::EventTime;

/// What a broker takes by default (`offset.metadata.max.bytes`).
pub const METADATA_BYTES_MAX: usize = 4096;

pub fn encode(upstreams: &[Upstream]) -> String {
    let mut text = String::from("w1");
    let mut previous = 0i64;
    for upstream in upstreams {
        text.push(',');
        match upstream.watermark {
            EventTime::MIN => text.push('-'),
            EventTime::MAX => text.push('+'),
            watermark => {
                text.push_str(&(watermark.micros().wrapping_sub(previous)).to_string());
                previous = watermark.micros();
            }
        }
        if upstream.idle {
            text.push('i');
        }
    }
    text
}

/// None: not written by this version, so nothing is known.
pub fn decode(text: &str) -> Option<Vec<Upstream>> {
    let mut parts = text.split(',');
    if parts.next() != Some("w1") {
        return None;
    }
    let mut previous = 0i64;
    parts
        .map(|part| {
            let (number, idle) = part.strip_suffix('i').map_or((part, false), |number| (number, true));
            let watermark = match number {
                "-" => EventTime::MIN,
                "+" => EventTime::MAX,
                number => {
                    previous = previous.wrapping_add(number.parse().ok()?);
                    EventTime::from_micros(previous)
                }
            };
            Some(Upstream { watermark, idle })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn progress_round_trips(watermarks in proptest::collection::vec((prop_oneof![
            Just(i64::MIN), Just(i64::MAX), any::<i64>()], any::<bool>()), 1..20)) {
            let upstreams: Vec<Upstream> = watermarks
                .into_iter()
                .map(|(micros, idle)| Upstream { watermark: EventTime::from_micros(micros), idle })
                .collect();
            prop_assert_eq!(decode(&encode(&upstreams)), Some(upstreams));
        }

        #[test]
        fn foreign_notes_are_not_misread(text in "\\PC{0,20}") {
            if let Some(upstreams) = decode(&text) {
                prop_assert!(text.starts_with("w1"), "{upstreams:?}");
            }
        }
    }

    #[test]
    fn sixty_four_upstreams_fit_into_a_note() {
        let upstreams: Vec<Upstream> = (0..64i64)
            .map(|n| Upstream {
                watermark: EventTime::from_millis(1_700_000_000_000 + (n * 7919) % 100_000_000),
                idle: true,
            })
            .collect();
        assert!(encode(&upstreams).len() <= METADATA_BYTES_MAX);
    }
}
