//! What librdkafka calls, and what that leaves behind.

use super::error::Error;
use super::queue::place_of;
use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tidegate_model::{PartitionId, TopicPartition};

/// A rebalance that the group asks for and nobody has answered yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rebalance {
    Assign(Vec<TopicPartition>),
    Revoke { lost: bool },
}

/// What librdkafka's callbacks leave behind for the thread that owns the client.
#[derive(Default)]
pub struct Callbacks {
    pub rebalances: Mutex<Vec<Rebalance>>,
    /// The client is being closed: rebalances are answered at once.
    pub(super) closing: AtomicBool,
    pub deliveries: Mutex<Deliveries>,
    /// No broker can be reached.
    pub unreachable: AtomicBool,
    /// Is this the client whose troubles are told? One of a worker's is enough.
    pub(super) tells: bool,
    /// Something went wrong on the way to a broker since this was last reset.
    pub transport_failed: AtomicBool,
}

impl Callbacks {
    pub(super) fn delivered(&self, message: &sys::rd_kafka_message_t) {
        let failed = message.err != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        let report = message._private.addr() as u32;
        if !failed && report == 0 {
            return;
        }
        let mut deliveries = self.deliveries.lock().expect("no holder of this lock panics");
        if !failed {
            assert!(message.offset >= 0, "a record that was taken has an offset");
            let end = deliveries.ends.entry((report, message.partition)).or_insert(0);
            *end = (*end).max(message.offset + 1);
        } else if deliveries.failure.is_none() {
            // The text of a failed delivery is its payload, which belongs into no log.
            let mut error = Error::of_code(message.err);
            // SAFETY: the caller's message is alive.
            let place = unsafe { place_of(message) };
            error.message = format!("a record for {place} was not taken: {}", error.message);
            deliveries.failure = Some(error);
        }
    }
}

/// What became of the records of the current transaction.
#[derive(Default)]
pub struct Deliveries {
    /// By the number that the record was sent with (see [`Client::produce`]) and its partition: the offset behind the last one.
    pub ends: std::collections::BTreeMap<(u32, i32), i64>,
    pub failure: Option<Error>,
}

pub(super) unsafe extern "C" fn on_rebalance(
    handle: *mut sys::rd_kafka_t,
    code: RDKafkaRespErr,
    partitions: *mut sys::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: the opaque pointer is the client's `Callbacks`; list and handle are alive during the call.
    unsafe {
        let callbacks = &*opaque.cast::<Callbacks>();
        if callbacks.closing.load(Ordering::SeqCst) {
            sys::rd_kafka_assign(handle, ptr::null());
            return;
        }
        let rebalance = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                let count = usize::try_from((*partitions).cnt).unwrap_or(0);
                let elements =
                    if count == 0 { &[][..] } else { std::slice::from_raw_parts((*partitions).elems, count) };
                let places = elements.iter().map(|element| TopicPartition {
                    topic: CStr::from_ptr(element.topic).to_string_lossy().into_owned(),
                    partition: PartitionId(element.partition),
                });
                Rebalance::Assign(places.collect())
            }
            _ => Rebalance::Revoke { lost: sys::rd_kafka_assignment_lost(handle) != 0 },
        };
        callbacks.rebalances.lock().expect("no holder of this lock panics").push(rebalance);
    }
}

pub(super) unsafe extern "C" fn on_error(
    _handle: *mut sys::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the opaque pointer is the client's `Callbacks`; the text is alive during the call.
    unsafe {
        let callbacks = &*opaque.cast::<Callbacks>();
        callbacks.transport_failed.store(true, Ordering::SeqCst);
        let reason = CStr::from_ptr(reason).to_string_lossy();
        tracing::debug!(code, "kafka: {reason}");
        let down = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN as c_int;
        if down && callbacks.tells && !callbacks.unreachable.swap(true, Ordering::SeqCst) {
            tracing::warn!("no broker can be reached; waiting for one");
        }
    }
}

pub(super) unsafe extern "C" fn on_log(
    _handle: *const sys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    text: *const c_char,
) {
    /// Syslog's number; what is graver has a smaller one.
    const ERROR: c_int = 3;
    // SAFETY: both texts are alive during the call.
    let (facility, text) =
        unsafe { (CStr::from_ptr(facility).to_string_lossy(), CStr::from_ptr(text).to_string_lossy()) };
    // A broker that is away is told by those who wait for it.
    if level < ERROR {
        tracing::error!("kafka: {facility}: {text}");
    } else {
        tracing::debug!("kafka: {facility}: {text}");
    }
}
