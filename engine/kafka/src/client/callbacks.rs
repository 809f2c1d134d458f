//! What librdkafka calls, and what that leaves behind.

use super::error::Error;
use super::queue::place_of;
use crate::refusal::refusal;
use crate::rights::{self, Want};
use crate::token::Tokens;
use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
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
    /// Is this the client that tells so at once? A producer may have no need of a broker, and tells when it has.
    pub(super) tells: bool,
    /// A request that a transaction is made of was given up, or sent again, before it was answered: it may still be on its way.
    pub unanswered: AtomicBool,
    /// The last error that concerns no single request: librdkafka's number of it, and its words.
    pub trouble: Mutex<Option<(c_int, String)>>,
    /// OpenSSL's number of what is wrong with the certificate that the broker showed last; only of a knocker.
    pub certificate: AtomicI32,
    pub(super) tokens: Option<Arc<Tokens>>,
}

impl Callbacks {
    /// An error that concerns no single request.
    pub(super) fn failed(&self, code: c_int, reason: &str) {
        tracing::debug!(code, "kafka: {reason}");
        let down = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN as c_int;
        // It comes behind the error that is the cause of it. And a broker that is not there hides no refusal of another one.
        if !down {
            let mut trouble = self.trouble.lock().expect("no holder of this lock panics");
            let certificate = self.certificate.load(Ordering::SeqCst);
            let is_refused = |(code, reason): &(c_int, String)| refusal(*code, reason, certificate).is_some();
            if !trouble.as_ref().is_some_and(is_refused) {
                *trouble = Some((code, reason.to_owned()));
            }
        }
        if down && !self.unreachable.swap(true, Ordering::SeqCst) && self.tells {
            tracing::warn!("no broker can be reached; waiting for one");
        }
    }

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
            error.message = match message.err {
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED => {
                    rights::missing(Want::Write, &place.topic)
                }
                _ => format!("a record for {place} was not taken: {}", error.message),
            };
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
    let (callbacks, reason) = unsafe { (&*opaque.cast::<Callbacks>(), CStr::from_ptr(reason)) };
    callbacks.failed(code, &reason.to_string_lossy());
}

/// Called by librdkafka's own thread, first and before the token expires.
pub(super) unsafe extern "C" fn on_token_wanted(
    handle: *mut sys::rd_kafka_t,
    _config: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the opaque pointer is the client's `Callbacks`.
    let tokens = unsafe { &(*opaque.cast::<Callbacks>()).tokens };
    give_token(handle, tokens.as_ref().expect("set where there are tokens"));
}

/// Gives a client a token, or the reason why there is none.
pub fn give_token(handle: *mut sys::rd_kafka_t, tokens: &Tokens) {
    let text = |text: &str| CString::new(text.replace('\0', " ")).expect("no zero byte is left");
    let given = tokens.token().and_then(|token| {
        let (value, principal) = (text(&token.value), text(&token.principal));
        let mut why = [0 as c_char; 512];
        // SAFETY: the caller's handle is alive; the texts live through the call, which copies them, and `why` is as long as is said.
        unsafe {
            let code = sys::rd_kafka_oauthbearer_set_token(
                handle,
                value.as_ptr(),
                token.expires_ms,
                principal.as_ptr(),
                ptr::null_mut(),
                0,
                why.as_mut_ptr(),
                why.len(),
            );
            match code {
                RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
                _ => Err(CStr::from_ptr(why.as_ptr()).to_string_lossy().into_owned()),
            }
        }
    });
    if let Err(why) = given {
        let why = text(&why);
        // SAFETY: as above.
        unsafe { sys::rd_kafka_oauthbearer_set_token_failure(handle, why.as_ptr()) };
    }
}

/// Keeps what OpenSSL found, which librdkafka does not tell, and decides nothing.
pub(super) unsafe extern "C" fn on_certificate(
    _handle: *mut sys::rd_kafka_t,
    _broker: *const c_char,
    _broker_id: i32,
    found: *mut c_int,
    _depth: c_int,
    _certificate: *const c_char,
    _size: usize,
    why: *mut c_char,
    why_size: usize,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the opaque pointer is the client's `Callbacks`, `found` is always valid, and `why` has room for so many bytes.
    unsafe {
        if *found == 0 {
            return 1;
        }
        (*opaque.cast::<Callbacks>()).certificate.store(*found, Ordering::SeqCst);
        if why_size > 0 {
            *why = 0;
        }
        0
    }
}

/// Has a new producer tell of each answer, and of each request that fails without one. librdkafka sends such a request again by itself, and
/// its error callback does not tell of it: not when the connection was closed, nor when the error is the same as the last.
pub(super) unsafe extern "C" fn on_new(
    handle: *mut sys::rd_kafka_t,
    _conf: *const sys::rd_kafka_conf_t,
    opaque: *mut c_void,
    _why: *mut c_char,
    _why_size: usize,
) -> RDKafkaRespErr {
    // SAFETY: the handle is alive; the name is copied, and the opaque pointer is the client's `Callbacks`, which outlives it.
    unsafe {
        sys::rd_kafka_interceptor_add_on_response_received(
            handle,
            INTERCEPTOR.as_ptr(),
            Some(on_response),
            opaque,
        )
    }
}

pub(super) const INTERCEPTOR: &CStr = c"tidegate";

/// Called by the thread of the broker's connection before anybody else knows of the answer, or of the failure.
unsafe extern "C" fn on_response(
    _handle: *mut sys::rd_kafka_t,
    _socket: c_int,
    _broker: *const c_char,
    _broker_id: i32,
    kind: i16,
    _version: i16,
    _correlation: i32,
    _size: usize,
    _round_trip: i64,
    error: RDKafkaRespErr,
    opaque: *mut c_void,
) -> RDKafkaRespErr {
    /// Kafka's numbers of Produce, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn and TxnOffsetCommit.
    const OF_TRANSACTIONS: [i16; 5] = [0, 24, 25, 26, 28];
    if error != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && OF_TRANSACTIONS.contains(&kind) {
        // SAFETY: the opaque pointer is the client's `Callbacks`.
        unsafe { (*opaque.cast::<Callbacks>()).unanswered.store(true, Ordering::SeqCst) };
    }
    RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
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
