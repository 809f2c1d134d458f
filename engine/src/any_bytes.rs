//! Whatever bytes a store, a topic or a broker gives back: each decoder answers or refuses, and what it answers is written as it was read.

use crate::arbitrary::any_type;
use crate::attempt::Attempts;
use crate::batch::Column;
use crate::group::{Group, Share};
use crate::internal_record::Header;
use crate::key_columns::decode_key;
use crate::log::Committed;
use crate::replayed::Replayed;
use crate::set_aside::SetAside;
use crate::table_rows::RowBytes;
use crate::timed_row::TimedRow;
use crate::value_codec::{decode_value, encode_value};
use crate::{due, outbox, progress};
use proptest::prelude::*;
use tidegate_model::Offset;
use tidegate_state::value::Decoder;
use tidegate_state::{CodecError, StateValue};

/// What is decoded is encoded to something that is decoded to the same.
fn keeps<V: StateValue>(bytes: &[u8]) -> bool {
    let Ok(value) = V::decode(bytes) else { return true };
    let encode = |value: &V| {
        let mut out = Vec::new();
        value.encode(&mut out);
        out
    };
    let once = encode(&value);
    let again = V::decode(&once).map(|value| encode(&value));
    again == Ok::<_, CodecError>(once)
}

/// Lengths and counts are what decoders stumble over: small bytes, and those that make long numbers, are frequent.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![0u8..20, Just(0x7f), Just(0x80), Just(0xff), any::<u8>()], 0..80)
}

/// Digits, signs and what stands between them.
fn note() -> impl Strategy<Value = String> {
    prop_oneof!["w1(/[0-9]{0,20})?(,[-+0-9]{0,20}i?){0,6}", "[0-9,-]{0,60}", any::<String>(),]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn state(bytes in bytes()) {
        prop_assert!(keeps::<Group>(&bytes), "a group");
        prop_assert!(keeps::<Share>(&bytes), "a share of a group");
        prop_assert!(keeps::<Attempts>(&bytes), "attempts of a match");
        prop_assert!(keeps::<TimedRow>(&bytes), "a row with its time");
        prop_assert!(keeps::<RowBytes>(&bytes), "a row");
        let mut from = Decoder::new(&bytes);
        if let Ok(value) = decode_value(&mut from) {
            let mut out = Vec::new();
            encode_value(&value, &mut out);
            // As bytes, since no number is NaN's equal.
            let mut again = Vec::new();
            encode_value(&decode_value(&mut Decoder::new(&out)).expect("it was written just now"), &mut again);
            prop_assert_eq!(again, out);
        }
        due::decoders_answer(&bytes);
    }

    #[test]
    fn keys(bytes in bytes(), ty in any_type()) {
        let mut builders = [Column::new(ty)];
        let _ = decode_key(&bytes, &[ty], &mut builders);
        let _ = tidegate_state::key::read_window_start(&bytes);
    }

    #[test]
    fn records_between_sub_topologies(bytes in bytes()) {
        if let Ok(header) = Header::decode(&mut Decoder::new(&bytes)) {
            let mut out = Vec::new();
            header.encode(&mut out);
            prop_assert_eq!(Header::decode(&mut Decoder::new(&out)), Ok(header));
        }
    }

    #[test]
    fn rows_of_an_outbox(bytes in bytes()) {
        if let Some((key, row)) = outbox::read(&bytes) {
            prop_assert_eq!(outbox::write(key, row), bytes.clone());
        }
    }

    #[test]
    fn notes_of_committed_offsets(note in note(), next in any::<i64>()) {
        if let Some(upstreams) = progress::decode(&note) {
            prop_assert!(progress::decode(&progress::encode(&upstreams)).is_some());
        }
        let committed = Committed { next: Offset(next), metadata: note };
        if let Some(replayed) = Replayed::read(Some(&committed)) {
            let _ = replayed.has(Offset(next.wrapping_sub(1)));
        }
    }

    #[test]
    fn headers_of_what_was_set_aside(contents in proptest::collection::vec(prop_oneof![
        bytes(), "-?[0-9]{1,20}".prop_map(String::into_bytes)], 10)) {
        const NAMES: [&str; 10] = ["topology", "route", "topic", "partition", "offset", "step", "code", "message", "timestamp", "idempotency-key"];
        let headers: Vec<(String, Vec<u8>)> =
            NAMES.iter().map(|name| format!("tidegate.{name}")).zip(contents).collect();
        if let Some(aside) = SetAside::of(&headers) {
            let written: Vec<(String, Vec<u8>)> =
                aside.headers().into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
            prop_assert_eq!(SetAside::of(&written), Some(aside));
        }
    }
}
