//! librdkafka's C interface, as far as it is used, behind types that cannot be misused. All unsafe code of this crate is here.
//!
//! The crate's own consumer and producer make one event object for each message and cannot read a partition's queue in batches; a
//! topology at a million events in a second notices.

#![allow(unsafe_code, reason = "the C interface of librdkafka; every call says why it is sound")]

mod callbacks;
mod error;
mod produce;
mod queue;

pub use callbacks::{Callbacks, Rebalance, give_token};
pub use error::Error;
pub use produce::{Produced, Topic};
pub use queue::{Given, Queue, Signal};

use crate::token::Tokens;
use queue::{error_of, place_of};
use rdkafka::bindings as sys;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tidegate_model::{Offset, PartitionId, TopicPartition};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Consumer,
    Producer,
    /// Only asks whether it is let in, and keeps the reason why not.
    Knocker,
}

/// A client of librdkafka, with the state of its callbacks.
pub struct Client {
    handle: *mut sys::rd_kafka_t,
    callbacks: Box<Callbacks>,
    kind: Kind,
}

// SAFETY: librdkafka's handles may be used from any thread; the callbacks' state is behind locks.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

fn milliseconds(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX)
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("names have no NUL byte")
}

impl Client {
    /// `tokens`: where it gets what it shows who it is by, if it does so by tokens.
    pub fn new(kind: Kind, config: &ClientConfig, tokens: Option<&Arc<Tokens>>) -> Result<Client, String> {
        let native = config.create_native_config().map_err(|error| error.to_string())?;
        let is_member = kind == Kind::Consumer && config.get("group.instance.id").is_some();
        let callbacks =
            Box::new(Callbacks { tells: is_member, tokens: tokens.cloned(), ..Callbacks::default() });
        let mut why = [0 as c_char; 512];
        // SAFETY: `rd_kafka_new` takes a copy of a configuration over where it succeeds, so it gets one of its own; the opaque pointer lives
        // in a box that is dropped after the handle is destroyed.
        let handle = unsafe {
            let conf = sys::rd_kafka_conf_dup(native.ptr());
            sys::rd_kafka_conf_set_opaque(conf, ptr::from_ref::<Callbacks>(&callbacks).cast_mut().cast());
            sys::rd_kafka_conf_set_log_cb(conf, Some(callbacks::on_log));
            sys::rd_kafka_conf_set_error_cb(conf, Some(callbacks::on_error));
            if tokens.is_some() {
                sys::rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, Some(callbacks::on_token_wanted));
                sys::rd_kafka_conf_enable_sasl_queue(conf, 1);
            }
            let type_ = match kind {
                Kind::Consumer => {
                    if is_member {
                        sys::rd_kafka_conf_set_rebalance_cb(conf, Some(callbacks::on_rebalance));
                    }
                    sys::rd_kafka_type_t::RD_KAFKA_CONSUMER
                }
                Kind::Knocker => {
                    sys::rd_kafka_conf_set_ssl_cert_verify_cb(conf, Some(callbacks::on_certificate));
                    sys::rd_kafka_type_t::RD_KAFKA_CONSUMER
                }
                Kind::Producer => {
                    // As events, so that a flush is woken by the last report; with callbacks it looks every 10 ms.
                    sys::rd_kafka_conf_set_events(conf, sys::RD_KAFKA_EVENT_DR as c_int);
                    let opaque = ptr::from_ref::<Callbacks>(&callbacks).cast_mut().cast();
                    sys::rd_kafka_conf_interceptor_add_on_new(
                        conf,
                        callbacks::INTERCEPTOR.as_ptr(),
                        Some(callbacks::on_new),
                        opaque,
                    );
                    sys::rd_kafka_type_t::RD_KAFKA_PRODUCER
                }
            };
            let handle = sys::rd_kafka_new(type_, conf, why.as_mut_ptr(), why.len());
            if handle.is_null() {
                sys::rd_kafka_conf_destroy(conf);
                return Err(CStr::from_ptr(why.as_ptr()).to_string_lossy().into_owned());
            }
            if tokens.is_some() {
                // A client that nobody polls for a while needs its token, too.
                let error = sys::rd_kafka_sasl_background_callbacks_enable(handle);
                assert!(error.is_null(), "its queue was enabled above");
            }
            if kind == Kind::Consumer && config.get("group.id").is_some() {
                sys::rd_kafka_poll_set_consumer(handle);
            }
            handle
        };
        Ok(Client { handle, callbacks, kind })
    }

    pub fn callbacks(&self) -> &Callbacks {
        &self.callbacks
    }

    /// Takes delivery reports and errors in, until none has come for `timeout`.
    pub fn serve_deliveries(&self, timeout: Duration) {
        // SAFETY: queue and events are ours until they are destroyed, and messages live as long as their event.
        unsafe {
            let queue = sys::rd_kafka_queue_get_main(self.handle);
            loop {
                let event = sys::rd_kafka_queue_poll(queue, milliseconds(timeout));
                if event.is_null() {
                    break;
                }
                let kind = sys::rd_kafka_event_type(event);
                if kind == sys::RD_KAFKA_EVENT_ERROR as c_int {
                    let reason = CStr::from_ptr(sys::rd_kafka_event_error_string(event));
                    let code = sys::rd_kafka_event_error(event) as c_int;
                    self.callbacks.failed(code, &reason.to_string_lossy());
                }
                if kind == sys::RD_KAFKA_EVENT_DR as c_int {
                    loop {
                        let message = sys::rd_kafka_event_message_next(event);
                        if message.is_null() {
                            break;
                        }
                        self.callbacks.delivered(&*message);
                    }
                }
                sys::rd_kafka_event_destroy(event);
            }
            sys::rd_kafka_queue_destroy(queue);
        }
    }

    /// Calls back what has happened, waiting at most `timeout` for something.
    pub fn serve_errors(&self, timeout: Duration) {
        // SAFETY: the handle is alive.
        unsafe { sys::rd_kafka_poll(self.handle, milliseconds(timeout)) };
    }

    /// Asks for one topic, or only for the brokers. A topic that is asked for so is never made.
    pub fn ask(&self, topic: Option<&Topic>, timeout: Duration) -> Result<(), Error> {
        let mut metadata = ptr::null();
        let object = topic.map_or(ptr::null_mut(), |topic| topic.object);
        // SAFETY: handle and topic are alive; the answer is ours until it is destroyed, and what is read of it lives as long.
        unsafe {
            let code = sys::rd_kafka_metadata(self.handle, 0, object, &mut metadata, milliseconds(timeout));
            Error::check_code(code)?;
            let found = &*metadata;
            let mut code = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
            if topic.is_some() && found.topic_cnt > 0 {
                code = (*found.topics).err;
            }
            sys::rd_kafka_metadata_destroy(metadata);
            Error::check_code(code)
        }
    }

    /// An error after which the client can do nothing more.
    pub fn fatal_error(&self) -> Option<Error> {
        let mut text = [0 as c_char; 512];
        // SAFETY: the buffer is as long as is said.
        unsafe {
            let code = sys::rd_kafka_fatal_error(self.handle, text.as_mut_ptr(), text.len());
            if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                return None;
            }
            let message = CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned();
            Some(Error { code, message, fatal: true, abort: false, retriable: false })
        }
    }

    // Consumers.

    pub fn subscribe(&self, topics: &[String]) -> Result<(), Error> {
        let mut list = TopicPartitionList::new();
        for topic in topics {
            list.add_topic_unassigned(topic);
        }
        // SAFETY: handle and list are alive; the list is copied.
        Error::check_code(unsafe { sys::rd_kafka_subscribe(self.handle, list.ptr()) })
    }

    /// Serves rebalances and errors. A message means that a partition's own queue was not in place.
    pub fn poll_consumer(&self) -> Option<Result<(TopicPartition, Offset), Error>> {
        // SAFETY: the message is ours until it is destroyed.
        unsafe {
            let message = sys::rd_kafka_consumer_poll(self.handle, 0);
            if message.is_null() {
                return None;
            }
            let result = if (*message).err == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                Ok((place_of(message), Offset((*message).offset)))
            } else {
                Err(error_of(message))
            };
            sys::rd_kafka_message_destroy(message);
            Some(result)
        }
    }

    /// Replaces what is assigned; None takes everything away.
    pub fn assign(&self, partitions: Option<&TopicPartitionList>) -> Result<(), Error> {
        let list = partitions.map_or(ptr::null_mut(), TopicPartitionList::ptr);
        // SAFETY: handle and list are alive; the list is copied.
        Error::check_code(unsafe { sys::rd_kafka_assign(self.handle, list) })
    }

    pub fn incremental_assign(&self, partitions: &TopicPartitionList) -> Result<(), Error> {
        // SAFETY: handle and list are alive; the list is copied.
        Error::check(unsafe { sys::rd_kafka_incremental_assign(self.handle, partitions.ptr()) })
    }

    pub fn incremental_unassign(&self, partitions: &TopicPartitionList) -> Result<(), Error> {
        // SAFETY: handle and list are alive; the list is copied.
        Error::check(unsafe { sys::rd_kafka_incremental_unassign(self.handle, partitions.ptr()) })
    }

    pub fn assignment_lost(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::rd_kafka_assignment_lost(self.handle) != 0 }
    }

    /// Asks the group's coordinator; the answers are put into the list.
    pub fn committed(&self, partitions: &TopicPartitionList, timeout: Duration) -> Result<(), Error> {
        // SAFETY: handle and list are alive; offsets and metadata of the list's elements are replaced by librdkafka.
        Error::check_code(unsafe {
            sys::rd_kafka_committed(self.handle, partitions.ptr(), milliseconds(timeout))
        })
    }

    pub fn seek(&self, partitions: &TopicPartitionList, timeout: Duration) -> Result<(), Error> {
        // SAFETY: handle and list are alive.
        Error::check(unsafe {
            sys::rd_kafka_seek_partitions(self.handle, partitions.ptr(), milliseconds(timeout))
        })
    }

    /// Were the partitions taken away without being asked for? The group will say so.
    pub fn has_lost_assignment(&self) -> bool {
        // SAFETY: the handle is alive.
        unsafe { sys::rd_kafka_assignment_lost(self.handle) != 0 }
    }

    /// Where the next message comes from, transaction markers skipped; None before the first.
    pub fn position(&self, partition: &TopicPartitionList) -> Option<Offset> {
        // SAFETY: handle and list are alive; the list's offsets are replaced.
        let code = unsafe { sys::rd_kafka_position(self.handle, partition.ptr()) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        // SAFETY: the list has one element, which is alive with it.
        let offset = unsafe { (*(*partition.ptr()).elems).offset };
        (offset >= 0).then_some(Offset(offset))
    }

    /// The end of a partition by the last answer to a fetch.
    pub fn known_end(&self, topic: &CStr, partition: PartitionId) -> Option<Offset> {
        let (mut low, mut high) = (0i64, 0i64);
        // SAFETY: all pointers are alive.
        let code = unsafe {
            sys::rd_kafka_get_watermark_offsets(self.handle, topic.as_ptr(), partition.0, &mut low, &mut high)
        };
        (code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(Offset(high))
    }

    /// First offset and end of a partition, asked from its leader.
    pub fn watermarks(
        &self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> Result<(Offset, Offset), Error> {
        let topic = c_string(&partition.topic);
        let (mut low, mut high) = (0i64, 0i64);
        // SAFETY: all pointers are alive.
        Error::check_code(unsafe {
            sys::rd_kafka_query_watermark_offsets(
                self.handle,
                topic.as_ptr(),
                partition.partition.0,
                &mut low,
                &mut high,
                milliseconds(timeout),
            )
        })?;
        Ok((Offset(low), Offset(high)))
    }

    pub fn group_metadata(&self) -> Option<GroupMetadata> {
        // SAFETY: the object is taken over.
        let object = unsafe { sys::rd_kafka_consumer_group_metadata(self.handle) };
        (!object.is_null()).then_some(GroupMetadata { object })
    }

    /// Leaves the group; revoked partitions are given up without asking anyone.
    pub fn close(&self) {
        self.callbacks.closing.store(true, Ordering::SeqCst);
        // SAFETY: the handle is alive; callbacks see `closing` and answer themselves.
        unsafe { sys::rd_kafka_consumer_close(self.handle) };
    }

    /// The queue of one partition, cut off from the consumer's own; must be dropped before the client.
    pub fn partition_queue(&self, partition: &TopicPartition) -> Option<Queue> {
        let topic = c_string(&partition.topic);
        // SAFETY: the queue object is taken over.
        let object =
            unsafe { sys::rd_kafka_queue_get_partition(self.handle, topic.as_ptr(), partition.partition.0) };
        if object.is_null() {
            return None;
        }
        // SAFETY: the queue is alive; without a destination it keeps its messages.
        unsafe { sys::rd_kafka_queue_forward(object, ptr::null_mut()) };
        Some(Queue { object })
    }

    pub fn consumer_queue(&self) -> Option<Queue> {
        // SAFETY: the queue object is taken over.
        let object = unsafe { sys::rd_kafka_queue_get_consumer(self.handle) };
        (!object.is_null()).then_some(Queue { object })
    }

    // Producers.

    pub fn init_transactions(&self, timeout: Duration) -> Result<(), Error> {
        // SAFETY: the handle is alive, here and below.
        Error::check(unsafe { sys::rd_kafka_init_transactions(self.handle, milliseconds(timeout)) })
    }

    pub fn begin_transaction(&self) -> Result<(), Error> {
        // SAFETY: see above.
        Error::check(unsafe { sys::rd_kafka_begin_transaction(self.handle) })
    }

    pub fn send_offsets(
        &self,
        offsets: &TopicPartitionList,
        group: &GroupMetadata,
        timeout: Duration,
    ) -> Result<(), Error> {
        // SAFETY: handle, list and metadata are alive and copied.
        Error::check(unsafe {
            sys::rd_kafka_send_offsets_to_transaction(
                self.handle,
                offsets.ptr(),
                group.object,
                milliseconds(timeout),
            )
        })
    }

    /// Waits for as long as the transaction may last.
    pub fn commit_transaction(&self) -> Result<(), Error> {
        // SAFETY: see above.
        Error::check(unsafe { sys::rd_kafka_commit_transaction(self.handle, -1) })
    }

    pub fn abort_transaction(&self, timeout: Duration) -> Result<(), Error> {
        // SAFETY: see above.
        Error::check(unsafe { sys::rd_kafka_abort_transaction(self.handle, milliseconds(timeout)) })
    }

    pub fn flush(&self, timeout: Duration) -> Result<(), Error> {
        // SAFETY: see above.
        Error::check_code(unsafe { sys::rd_kafka_flush(self.handle, milliseconds(timeout)) })
    }

    /// A handle for sending to a topic; must be dropped before the client.
    pub fn topic(&self, name: &str) -> Topic {
        let text = c_string(name);
        // SAFETY: the object is taken over; the name is copied.
        let object = unsafe { sys::rd_kafka_topic_new(self.handle, text.as_ptr(), ptr::null_mut()) };
        assert!(!object.is_null(), "librdkafka knows no topic handle for {name}");
        Topic { object }
    }

    /// Takes records (key and value) for one partition into the send buffer, with the time of now. Returns how many, and what was the
    /// matter with the next. `report`: as for [`Client::produce`].
    pub fn produce_batch(
        &self,
        topic: &Topic,
        partition: PartitionId,
        report: u32,
        records: &[(&[u8], Option<&[u8]>)],
    ) -> (usize, Option<Error>) {
        let mut messages: Vec<sys::rd_kafka_message_t> = records
            .iter()
            .map(|(key, value)| {
                let (key, key_len) = produce::parts(Some(key));
                let (payload, len) = produce::parts(*value);
                // SAFETY: all bytes zero are a message without anything.
                let empty: sys::rd_kafka_message_t = unsafe { std::mem::zeroed() };
                sys::rd_kafka_message_t {
                    key: key.cast_mut(),
                    key_len,
                    payload: payload.cast_mut(),
                    len,
                    _private: ptr::without_provenance_mut::<c_void>(report as usize),
                    ..empty
                }
            })
            .collect();
        // SAFETY: the array is as long as is said; keys and values are copied (MSG_F_COPY) and not changed.
        let taken = unsafe {
            sys::rd_kafka_produce_batch(
                topic.object,
                partition.0,
                sys::RD_KAFKA_MSG_F_COPY as c_int,
                messages.as_mut_ptr(),
                messages.len() as c_int,
            )
        };
        if usize::try_from(taken).is_ok_and(|taken| taken == records.len()) {
            return (records.len(), None);
        }
        let refused =
            |message: &sys::rd_kafka_message_t| message.err != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        let first = messages.iter().position(refused).expect("one was not taken");
        (first, Some(Error::of_code(messages[first].err)))
    }

    /// Takes a record into the send buffer; key and value are copied. `report`: the number under which the delivery is counted
    /// (see [`Deliveries::ends`]), from 1; 0 for none.
    pub fn produce(&self, topic: &Topic, record: &Produced<'_>) -> Result<(), Error> {
        let headers = record.make_headers();
        let opaque = ptr::without_provenance_mut::<c_void>(record.report as usize);
        let (key, key_length) = produce::parts(record.key);
        let (value, value_length) = produce::parts(record.value);
        // SAFETY: every tag of the list is followed by the arguments that it says, of the types that librdkafka reads; key and value are
        // copied (MSG_F_COPY), and the headers are taken over where the call succeeds.
        let code = unsafe {
            sys::rd_kafka_producev(
                self.handle,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT as c_int,
                topic.object,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION as c_int,
                record.partition.0,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS as c_int,
                sys::RD_KAFKA_MSG_F_COPY as c_int,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE as c_int,
                value,
                value_length,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY as c_int,
                key,
                key_length,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP as c_int,
                record.timestamp_ms,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_OPAQUE as c_int,
                opaque,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS as c_int,
                headers,
                sys::rd_kafka_vtype_t::RD_KAFKA_VTYPE_END as c_int,
            )
        };
        let result = Error::check_code(code);
        if result.is_err() && !headers.is_null() {
            // SAFETY: the call failed, so the headers are still ours.
            unsafe { sys::rd_kafka_headers_destroy(headers) };
        }
        result
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.callbacks.closing.store(true, Ordering::SeqCst);
        // SAFETY: the handle is not used after this. Records that wait are given up: their transaction was ended or will be fenced.
        unsafe {
            if self.kind == Kind::Producer {
                let everything = sys::RD_KAFKA_PURGE_F_QUEUE
                    | sys::RD_KAFKA_PURGE_F_INFLIGHT
                    | sys::RD_KAFKA_PURGE_F_NON_BLOCKING;
                sys::rd_kafka_purge(self.handle, everything as c_int);
            }
            sys::rd_kafka_destroy_flags(self.handle, sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE as c_int);
        }
    }
}

/// Proof of membership in a consumer group.
pub struct GroupMetadata {
    object: *mut sys::rd_kafka_consumer_group_metadata_t,
}

impl GroupMetadata {
    pub fn generation(&self) -> i32 {
        // SAFETY: the object is alive.
        unsafe { sys::rd_kafka_consumer_group_metadata_generation_id(self.object) }
    }

    pub fn has_member(&self) -> bool {
        // SAFETY: the object is alive, and its member id with it.
        unsafe {
            let member = sys::rd_kafka_consumer_group_metadata_member_id(self.object);
            !member.is_null() && !CStr::from_ptr(member).is_empty()
        }
    }
}

impl Drop for GroupMetadata {
    fn drop(&mut self) {
        // SAFETY: the object is ours.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.object) };
    }
}
