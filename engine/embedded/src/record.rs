//! A record's bytes in the log: version, timestamp (microseconds, 8 bytes), then key, value and headers, each behind its length
//! (4 bytes, little-endian; `u32::MAX` for none).

use tidegate_engine::log::{OwnedRecord, Record};
use tidegate_model::{EventTime, Offset};

const VERSION: u8 = 1;
const NONE: u32 = u32::MAX;

fn put(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => out.extend_from_slice(&NONE.to_le_bytes()),
        Some(bytes) => {
            let length = u32::try_from(bytes.len()).expect("a record is smaller than 4 GiB");
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(bytes);
        }
    }
}

pub(crate) fn encode(
    timestamp: EventTime,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[(&str, &[u8])],
    out: &mut Vec<u8>,
) {
    out.push(VERSION);
    out.extend_from_slice(&timestamp.micros().to_le_bytes());
    put(out, key);
    put(out, value);
    for (name, content) in headers {
        put(out, Some(name.as_bytes()));
        put(out, Some(content));
    }
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if length == NONE {
        *rest = behind;
        return Some(None);
    }
    let (bytes, behind) = behind.split_at_checked(length as usize)?;
    *rest = behind;
    Some(Some(bytes))
}

/// None: these bytes are no record of this version.
pub(crate) fn decode(offset: Offset, bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (version, rest) = bytes.split_first()?;
    let (timestamp, mut rest) = rest.split_first_chunk::<8>()?;
    if *version != VERSION {
        return None;
    }
    let key = take(&mut rest)?;
    let value = take(&mut rest)?;
    Some((
        Record { offset, timestamp: EventTime::from_micros(i64::from_le_bytes(*timestamp)), key, value },
        rest,
    ))
}

pub(crate) fn decode_owned(offset: Offset, bytes: &[u8]) -> Option<OwnedRecord> {
    let (record, mut rest) = decode(offset, bytes)?;
    let mut headers = Vec::new();
    while !rest.is_empty() {
        let name = String::from_utf8(take(&mut rest)??.to_vec()).ok()?;
        headers.push((name, take(&mut rest)??.to_vec()));
    }
    Some(OwnedRecord {
        offset,
        timestamp: record.timestamp,
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        headers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_round_trip(micros: i64, key: Option<Vec<u8>>, value: Option<Vec<u8>>, headers: Vec<(String, Vec<u8>)>) {
            let mut bytes = Vec::new();
            let borrowed: Vec<(&str, &[u8])> = headers.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
            encode(EventTime::from_micros(micros), key.as_deref(), value.as_deref(), &borrowed, &mut bytes);
            let record = decode_owned(Offset(3), &bytes).expect("decodes");
            prop_assert_eq!((record.timestamp.micros(), record.key, record.value, record.headers), (micros, key, value, headers));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            if let Some(record) = decode_owned(Offset(0), &bytes) {
                prop_assert_eq!(record.offset, Offset(0));
            }
        }
    }
}
