//! What the headers of a record tell that was set aside: where it was read, at which step, and why.

use crate::place::Place;
use tidegate_model::{EventTime, Offset, PartitionId};

pub(crate) const HEADERS: usize = 9;
pub(crate) const TOPOLOGY: &str = "tidegate.topology";
pub(crate) const ROUTE: &str = "tidegate.route";
pub(crate) const TOPIC: &str = "tidegate.topic";
pub(crate) const PARTITION: &str = "tidegate.partition";
pub(crate) const OFFSET: &str = "tidegate.offset";
pub(crate) const STEP: &str = "tidegate.step";
pub(crate) const CODE: &str = "tidegate.code";
pub(crate) const MESSAGE: &str = "tidegate.message";
pub const TIMESTAMP: &str = "tidegate.timestamp";
/// Of a row that an `http` sink could not deliver.
const IDEMPOTENCY_KEY: &str = "tidegate.idempotency-key";

/// An event that was set aside, besides its key and value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAside {
    /// Whose route it took: several topologies may have a topic for it in common. None: it was set aside by a version that did not say so.
    pub topology: Option<String>,
    /// `malformed`, `errors`, `late` or `failed`.
    pub route: String,
    /// Where it was read; an offset of -1: it is no record of a topic, but a result.
    pub place: Place,
    pub step: String,
    pub code: String,
    pub message: String,
    /// The record's own timestamp, if key and value are the record's own bytes: it can be sent again just as it was.
    pub timestamp: Option<EventTime>,
    /// Of a row that could not be delivered: by what its receiver knows it.
    pub idempotency_key: Option<String>,
}

impl SetAside {
    /// As headers of a record.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let topology = self.topology.clone().map(|topology| (TOPOLOGY, topology));
        let mut headers: Vec<_> = topology.into_iter().collect();
        headers.extend([
            (ROUTE, self.route.clone()),
            (TOPIC, self.place.topic.to_string()),
            (PARTITION, self.place.partition.0.to_string()),
            (OFFSET, self.place.offset.0.to_string()),
            (STEP, self.step.clone()),
            (CODE, self.code.clone()),
            (MESSAGE, self.message.clone()),
        ]);
        headers.extend(self.timestamp.map(|timestamp| (TIMESTAMP, timestamp.micros().to_string())));
        headers.extend(self.idempotency_key.clone().map(|key| (IDEMPOTENCY_KEY, key)));
        headers
    }

    /// None: these are not the headers of a record that was set aside.
    pub fn of(headers: &[(String, Vec<u8>)]) -> Option<SetAside> {
        let text = |name: &str| {
            let (_, content) = headers.iter().find(|(header, _)| header == name)?;
            Some(String::from_utf8_lossy(content).into_owned())
        };
        let timestamp = match text(TIMESTAMP) {
            Some(micros) => Some(EventTime::from_micros(micros.parse().ok()?)),
            None => None,
        };
        Some(SetAside {
            topology: text(TOPOLOGY),
            route: text(ROUTE)?,
            place: Place {
                topic: text(TOPIC)?.into(),
                partition: PartitionId(text(PARTITION)?.parse().ok()?),
                offset: Offset(text(OFFSET)?.parse().ok()?),
            },
            step: text(STEP)?,
            code: text(CODE)?,
            message: text(MESSAGE)?,
            timestamp,
            idempotency_key: text(IDEMPOTENCY_KEY),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(changed: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        let all = [
            (TOPOLOGY, "volume"),
            (ROUTE, "malformed"),
            (TOPIC, "payments"),
            (PARTITION, "3"),
            (OFFSET, "17"),
            (STEP, "payments"),
            (CODE, "invalid_json"),
            (MESSAGE, "cut off"),
            (TIMESTAMP, "1772323200000001"),
        ];
        let value = |name| changed.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        all.into_iter()
            .map(|(name, known)| (name.to_owned(), value(name).unwrap_or(known).as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn headers_tell_where_why_and_when() {
        let found = SetAside::of(&headers(&[])).expect("they are whole");
        assert_eq!(found.place.to_string(), "payments-3@17");
        assert_eq!(found.timestamp, Some(EventTime::from_micros(1_772_323_200_000_001)));
        let written = found.headers().into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes()));
        assert_eq!(written.collect::<Vec<_>>(), headers(&[]));
        let mut of_a_row = headers(&[]);
        of_a_row.pop();
        let of_before = SetAside::of(&of_a_row[1..]).expect("they are whole");
        assert_eq!((of_before.topology, found.topology.as_deref()), (None, Some("volume")));
        assert_eq!(SetAside::of(&of_a_row).expect("they are whole").timestamp, None);
    }

    #[test]
    fn what_others_wrote_is_no_event_that_was_set_aside() {
        assert_eq!(SetAside::of(&[]), None);
        for wrong in [[(PARTITION, "x")], [(OFFSET, "")], [(TIMESTAMP, "yesterday")]] {
            assert_eq!(SetAside::of(&headers(&wrong)), None, "{wrong:?}");
        }
    }
}
