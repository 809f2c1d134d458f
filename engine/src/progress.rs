//! What a task must not forget about an input partition besides its offset: the watermark. It travels as the note of the
//! committed offset, so it is exactly as old as the offset and needs no store.
//!
//! Form: `w1` and then, separated by commas, one entry for each upstream task (one for a topic of the user's): `-` nothing known,
//! `+` ended, else microseconds, the first in full and the others as the difference to the one before; `i` behind it: idle.
//! Where that is longer than a broker takes, watermarks are rounded down to milliseconds, seconds or minutes: they are promises, and a
//! smaller one is kept as well; the next records bring them up to date.

use crate::watermark::Upstream;
use tidegate_model::EventTime;

/// What a broker takes by default (`offset.metadata.max.bytes`).
pub const METADATA_BYTES_MAX: usize = 4096;

/// More upstream tasks have no room in a note even when nothing is known of them.
pub const UPSTREAMS_MAX: usize = 1300;

/// At most [`METADATA_BYTES_MAX`] long for [`UPSTREAMS_MAX`] upstreams.
pub fn encode(upstreams: &[Upstream]) -> String {
    for unit in [1, 1_000, 1_000_000, 60_000_000] {
        let text = encode_in(upstreams, unit);
        if text.len() <= METADATA_BYTES_MAX {
            return text;
        }
    }
    let unknown: Vec<Upstream> =
        upstreams.iter().map(|upstream| Upstream { watermark: EventTime::MIN, ..*upstream }).collect();
    let text = encode_in(&unknown, 1);
    assert!(text.len() <= METADATA_BYTES_MAX, "{} upstreams were refused at the start", upstreams.len());
    text
}

/// Where a new run begins: an input that had ended may have more now.
pub fn go_on(mut upstreams: Vec<Upstream>) -> Vec<Upstream> {
    for upstream in upstreams.iter_mut().filter(|upstream| upstream.watermark == EventTime::MAX) {
        *upstream = Upstream::UNKNOWN;
    }
    upstreams
}

fn encode_in(upstreams: &[Upstream], unit: i64) -> String {
    let mut text = if unit == 1 { String::from("w1") } else { format!("w1/{unit}") };
    let mut previous = 0i64;
    for upstream in upstreams {
        text.push(',');
        match upstream.watermark {
            EventTime::MIN => text.push('-'),
            EventTime::MAX => text.push('+'),
            watermark => {
                let units = watermark.micros().div_euclid(unit);
                text.push_str(&(units.wrapping_sub(previous)).to_string());
                previous = units;
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
    let unit = match parts.next()?.strip_prefix("w1")? {
        "" => 1,
        unit => unit.strip_prefix('/')?.parse::<i64>().ok().filter(|unit| *unit > 0)?,
    };
    let mut previous = 0i64;
    parts
        .map(|part| {
            let (number, idle) = part.strip_suffix('i').map_or((part, false), |number| (number, true));
            let watermark = match number {
                "-" => EventTime::MIN,
                "+" => EventTime::MAX,
                number => {
                    previous = previous.wrapping_add(number.parse().ok()?);
                    EventTime::from_micros(previous.saturating_mul(unit))
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
    use tidegate_model::Span;

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

    fn at(millis: i64, idle: bool) -> Upstream {
        Upstream { watermark: EventTime::from_millis(millis), idle }
    }

    #[test]
    fn many_upstreams_fit_into_a_note_and_are_never_promised_more() {
        for count in [64, 230, 450, 700, UPSTREAMS_MAX as i64] {
            let upstreams: Vec<Upstream> = (0..count)
                .map(|n| at(1_700_000_000_123 + (n * 7919 * 7919) % 1_000_000_000, n % 2 == 0))
                .collect();
            let text = encode(&upstreams);
            assert!(text.len() <= METADATA_BYTES_MAX, "{count} take {}", text.len());
            let decoded = decode(&text).expect("written just now");
            assert_eq!(decoded.len(), upstreams.len());
            for (decoded, upstream) in decoded.iter().zip(&upstreams) {
                assert!(decoded.watermark <= upstream.watermark && decoded.idle == upstream.idle);
            }
            assert!(count > 450 || decoded[1].watermark.plus(Span::from_secs(60)) > upstreams[1].watermark);
        }
    }

    #[test]
    fn an_input_that_had_ended_may_go_on() {
        let ended = Upstream { watermark: EventTime::MAX, idle: false };
        assert_eq!(go_on(vec![ended, at(5, true)]), [Upstream::UNKNOWN, at(5, true)]);
    }
}
