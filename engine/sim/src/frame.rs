//! Kafka's frames on the wire, as far as a proxy must understand them: which request this is, and whose.

use std::io::{ErrorKind, Read, Result};

/// Brokers take no larger request.
const FRAME_BYTES_MAX: usize = 128 << 20;

/// A kind of request, by Kafka's number (`ApiKeys` in its protocol).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Api(pub i16);

impl Api {
    pub const PRODUCE: Api = Api(0);
    pub const FETCH: Api = Api(1);
    pub const LIST_OFFSETS: Api = Api(2);
    pub const METADATA: Api = Api(3);
    pub const OFFSET_FETCH: Api = Api(9);
    pub const FIND_COORDINATOR: Api = Api(10);
    pub const JOIN_GROUP: Api = Api(11);
    pub const HEARTBEAT: Api = Api(12);
    pub const SYNC_GROUP: Api = Api(14);
    pub const INIT_PRODUCER_ID: Api = Api(22);
    pub const ADD_PARTITIONS_TO_TXN: Api = Api(24);
    pub const ADD_OFFSETS_TO_TXN: Api = Api(25);
    pub const END_TXN: Api = Api(26);
    pub const TXN_OFFSET_COMMIT: Api = Api(28);

    /// From which version on texts are written in the compact form, for kinds whose body begins with a text; None: it does not.
    fn compact_from(self) -> Option<i16> {
        Some(match self {
            Api::PRODUCE => 9,
            Api::OFFSET_FETCH | Api::JOIN_GROUP => 6,
            Api::HEARTBEAT | Api::SYNC_GROUP => 4,
            Api::INIT_PRODUCER_ID => 2,
            Api::FIND_COORDINATOR
            | Api::ADD_PARTITIONS_TO_TXN
            | Api::ADD_OFFSETS_TO_TXN
            | Api::END_TXN
            | Api::TXN_OFFSET_COMMIT => 3,
            _ => return None,
        })
    }
}

/// A request's head.
pub struct Request {
    pub api: Api,
    pub correlation: i32,
    /// The first text of its body: the transactional id, the group, or the key of a coordinator.
    pub name: String,
}

impl Request {
    /// `frame`: with its length in front.
    pub fn of(frame: &[u8]) -> Request {
        let mut rest = Bytes(&frame[4..]);
        let (api, version, correlation) = (Api(rest.i16()), rest.i16(), rest.i32());
        let client = usize::try_from(rest.i16()).unwrap_or(0);
        rest.take(client);
        let name = match api.compact_from() {
            None => String::new(),
            Some(compact) if version >= compact => {
                // The tagged fields of the head; no client of ours has any.
                rest.take(1);
                let length = rest.varint().saturating_sub(1);
                rest.text(length)
            }
            Some(_) => {
                let length = usize::try_from(rest.i16()).unwrap_or(0);
                rest.text(length)
            }
        };
        Request { api, correlation, name }
    }
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// Short frames give short or empty parts: a proxy passes on what it does not understand.
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn i16(&mut self) -> i16 {
        self.take(2).try_into().map_or(-1, i16::from_be_bytes)
    }

    fn i32(&mut self) -> i32 {
        self.take(4).try_into().map_or(-1, i32::from_be_bytes)
    }

    fn varint(&mut self) -> usize {
        let (mut value, mut shift) = (0, 0);
        while let [byte] = self.take(1) {
            value |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift > 28 {
                break;
            }
        }
        value
    }

    fn text(&mut self, length: usize) -> String {
        String::from_utf8_lossy(self.take(length)).into_owned()
    }
}

/// The number by which an answer names its request. (A request has it four bytes further on, behind kind and version.)
pub fn correlation_of_answer(frame: &[u8]) -> i32 {
    Bytes(&frame[4..]).i32()
}

/// The error of an answer to [`Api::END_TXN`] in the versions that librdkafka uses; 0: none.
pub fn end_txn_error(frame: &[u8]) -> i16 {
    let mut rest = Bytes(&frame[4..]);
    rest.take(8);
    rest.i16()
}

/// Reads one frame, with its length in front.
pub fn read_frame(from: &mut impl Read) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let bytes = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(4..=FRAME_BYTES_MAX).contains(&bytes) {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; 4 + bytes];
    frame[..4].copy_from_slice(&length);
    from.read_exact(&mut frame[4..])?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &[u8]) -> Vec<u8> {
        [&(body.len() as i32).to_be_bytes(), body].concat()
    }

    #[test]
    fn a_request_is_known_in_both_forms_of_texts() {
        // Kind, version, correlation, client id, transactional id.
        let end = framed(b"\0\x1a\0\x01\0\0\0\x07\0\x01c\0\x03txn\0\0");
        let request = Request::of(&end);
        assert_eq!((request.api, request.correlation, &*request.name), (Api::END_TXN, 7, "txn"));
        let compact = framed(b"\0\x1c\0\x03\0\0\0\x08\xff\xff\0\x04txn\x04grp");
        let request = Request::of(&compact);
        assert_eq!((request.api, request.correlation, &*request.name), (Api::TXN_OFFSET_COMMIT, 8, "txn"));
    }

    #[test]
    fn a_frame_is_read_whole_and_a_wrong_length_is_refused() {
        let frame = framed(b"\0\0\0\x07rest");
        assert_eq!(read_frame(&mut &frame[..]).expect("whole"), frame);
        assert_eq!(correlation_of_answer(&frame), 7);
        assert!(read_frame(&mut &frame[..7]).is_err());
        assert!(read_frame(&mut &b"\xff\xff\xff\xff"[..]).is_err());
    }
}
