//! The outbox of an `http` sink: the topic in which its rows wait to be delivered. A record's value is a line with the row's idempotency key,
//! empty for one that is as old as the record, and behind it the row as JSON.

use tidegate_model::{Offset, TopicPartition};

/// Which sink of a topology an outbox belongs to.
pub fn sink_of<'a>(topology: &str, topic: &'a str) -> Option<&'a str> {
    topic.strip_prefix(topology)?.strip_prefix('.')?.strip_suffix("-outbox")
}

/// The key by which a receiver knows a row that it has seen before.
pub fn idempotency_key(partition: &TopicPartition, offset: Offset) -> String {
    format!("{partition}@{}", offset.0)
}

/// A record's value. `idempotency_key`: of a row that comes here for a second time.
pub fn write(idempotency_key: Option<&str>, row: &[u8]) -> Vec<u8> {
    let key = idempotency_key.unwrap_or_default();
    assert!(!key.contains('\n'), "an idempotency key is one line");
    [key.as_bytes(), b"\n", row].concat()
}

/// The idempotency key that it came with, and the row. None: no record of an outbox.
pub fn read(value: &[u8]) -> Option<(Option<&str>, &[u8])> {
    let end = value.iter().position(|byte| *byte == b'\n')?;
    let key = std::str::from_utf8(&value[..end]).ok()?;
    Some(((!key.is_empty()).then_some(key), &value[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_out_as_it_went_in() {
        let row = b"{\"text\":\"two\\nlines\"}".as_slice();
        assert_eq!(read(&write(None, row)), Some((None, row)));
        assert_eq!(
            read(&write(Some("t.due.sink-outbox-0@7"), row)),
            Some((Some("t.due.sink-outbox-0@7"), row))
        );
        assert_eq!(read(b"{}"), None);
    }

    #[test]
    fn an_outbox_is_one_of_its_own_topology() {
        assert_eq!(sink_of("t", "t.due.sink-outbox"), Some("due.sink"));
        assert_eq!(sink_of("t", "tt.due.sink-outbox"), None);
        assert_eq!(sink_of("t", "t.due.sink-changelog"), None);
    }
}
