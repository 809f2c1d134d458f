//! librdkafka's C interface, as far as it is used, behind types that cannot be misused. All unsafe code of this crate is here.
//!
//! The crate's own consumer and producer make one event object for each message and cannot read a partition's queue in batches; a
//! topology at a million events in a second notices.

#![allow(unsafe_code, reason = "the C interface of librdkafka; every call says why it is sound")]

use rdkafka::bindings as sys;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

/// An error of librdkafka, with what may be done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    pub code: RDKafkaRespErr,
    pub message: String,
    /// The client can do nothing more.
    pub fatal: bool,
    /// The current transaction must be aborted.
    pub abort: bool,
    pub retriable: bool,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)
    }
}

impl Error {
    fn of_code(code: RDKafkaRespErr) -> Error {
        // SAFETY: the text is static.
        let text = unsafe { CStr::from_ptr(sys::rd_kafka_err2str(code)) };
        Error {
            code,
            message: text.to_string_lossy().into_owned(),
            fatal: false,
            abort: false,
            retriable: false,
        }
    }

    /// Takes an error object over.
    fn check(error: *mut sys::rd_kafka_error_t) -> Result<(), Error> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the object is ours until it is destroyed below, and its text lives as long.
        unsafe {
            let result = Error {
                code: sys::rd_kafka_error_code(error),
                message: CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy().into_owned(),
                fatal: sys::rd_kafka_error_is_fatal(error) != 0,
                abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
                retriable: sys::rd_kafka_error_is_retriable(error) != 0,
            };
            sys::rd_kafka_error_destroy(error);
            Err(result)
        }
    }

    fn check_code(code: RDKafkaRespErr) -> Result<(), Error> {
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR { Ok(()) } else { Err(Error::of_code(code)) }
    }
}

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
    closing: AtomicBool,
    pub deliveries: Mutex<Deliveries>,
    /// Something went wrong on the way to a broker since this was last reset.
    pub transport_failed: AtomicBool,
}

impl Callbacks {
    fn delivered(&self, message: &sys::rd_kafka_message_t) {
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
            // SAFETY: the caller's message is alive, and carries an error.
            let (mut error, place) = unsafe { (error_of(message), place_of(message)) };
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

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Consumer,
    Producer,
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
    pub fn new(kind: Kind, config: &ClientConfig) -> Result<Client, String> {
        let native = config.create_native_config().map_err(|error| error.to_string())?;
        let callbacks = Box::<Callbacks>::default();
        let mut why = [0 as c_char; 512];
        // SAFETY: `rd_kafka_new` takes a copy of a configuration over where it succeeds, so it gets one of its own; the opaque pointer lives
        // in a box that is dropped after the handle is destroyed.
        let handle = unsafe {
            let conf = sys::rd_kafka_conf_dup(native.ptr());
            sys::rd_kafka_conf_set_opaque(conf, ptr::from_ref::<Callbacks>(&callbacks).cast_mut().cast());
            sys::rd_kafka_conf_set_log_cb(conf, Some(on_log));
            sys::rd_kafka_conf_set_error_cb(conf, Some(on_error));
            let type_ = match kind {
                Kind::Consumer => {
                    if config.get("group.instance.id").is_some() {
                        sys::rd_kafka_conf_set_rebalance_cb(conf, Some(on_rebalance));
                    }
                    sys::rd_kafka_type_t::RD_KAFKA_CONSUMER
                }
                Kind::Producer => {
                    // As events, so that a flush is woken by the last report; with callbacks it looks every 10 ms.
                    sys::rd_kafka_conf_set_events(conf, sys::RD_KAFKA_EVENT_DR as c_int);
                    sys::rd_kafka_type_t::RD_KAFKA_PRODUCER
                }
            };
            let handle = sys::rd_kafka_new(type_, conf, why.as_mut_ptr(), why.len());
            if handle.is_null() {
                sys::rd_kafka_conf_destroy(conf);
                return Err(CStr::from_ptr(why.as_ptr()).to_string_lossy().into_owned());
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

    /// Takes delivery reports in, until none has come for `timeout`.
    pub fn serve_deliveries(&self, timeout: Duration) {
        // SAFETY: queue and events are ours until they are destroyed, and messages live as long as their event.
        unsafe {
            let queue = sys::rd_kafka_queue_get_main(self.handle);
            loop {
                let event = sys::rd_kafka_queue_poll(queue, milliseconds(timeout));
                if event.is_null() {
                    break;
                }
                if sys::rd_kafka_event_type(event) == sys::RD_KAFKA_EVENT_DR as c_int {
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

    /// Takes a record into the send buffer; key and value are copied. `report`: the number under which the delivery is counted
    /// (see [`Deliveries::ends`]), from 1; 0 for none.
    pub fn produce(&self, topic: &Topic, record: &Produced<'_>) -> Result<(), Error> {
        let headers = record.make_headers();
        let opaque = ptr::without_provenance_mut::<c_void>(record.report as usize);
        let (key, key_length) = parts(record.key);
        let (value, value_length) = parts(record.value);
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

fn parts(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    match bytes {
        None => (ptr::null(), 0),
        // An empty slice must not look like none.
        Some([]) => (c"".as_ptr().cast(), 0),
        Some(bytes) => (bytes.as_ptr().cast(), bytes.len()),
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

/// A record on its way out.
pub struct Produced<'a> {
    pub partition: PartitionId,
    pub timestamp_ms: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, &'a [u8])],
    pub report: u32,
}

impl Produced<'_> {
    fn make_headers(&self) -> *mut sys::rd_kafka_headers_t {
        if self.headers.is_empty() {
            return ptr::null_mut();
        }
        // SAFETY: names and values are copied, with their lengths.
        unsafe {
            let headers = sys::rd_kafka_headers_new(self.headers.len());
            for (name, value) in self.headers {
                let (content, length) = parts(Some(value));
                sys::rd_kafka_header_add(
                    headers,
                    name.as_ptr().cast(),
                    name.len() as isize,
                    content,
                    length as isize,
                );
            }
            headers
        }
    }
}

/// A topic to send to.
pub struct Topic {
    object: *mut sys::rd_kafka_topic_t,
}

// SAFETY: librdkafka's topic handles may be used from any thread.
unsafe impl Send for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the object is ours.
        unsafe { sys::rd_kafka_topic_destroy(self.object) };
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

/// A queue of messages.
pub struct Queue {
    object: *mut sys::rd_kafka_queue_t,
}

// SAFETY: a queue may be moved between threads; it is only used by one at a time.
unsafe impl Send for Queue {}

const BATCH: usize = 1024;

/// One message, borrowed for the length of a call.
pub struct Message<'a> {
    message: &'a sys::rd_kafka_message_t,
}

impl Message<'_> {
    pub fn offset(&self) -> Offset {
        Offset(self.message.offset)
    }

    /// The record's own timestamp.
    pub fn timestamp(&self) -> EventTime {
        // SAFETY: the message is alive.
        let millis = unsafe { sys::rd_kafka_message_timestamp(self.message, ptr::null_mut()) };
        EventTime::from_millis(millis.max(0))
    }

    pub fn key(&self) -> Option<&[u8]> {
        slice(self.message.key, self.message.key_len)
    }

    pub fn value(&self) -> Option<&[u8]> {
        slice(self.message.payload, self.message.len)
    }

    pub fn place(&self) -> TopicPartition {
        // SAFETY: the message is alive.
        unsafe { place_of(self.message) }
    }
}

fn slice<'a>(start: *const c_void, length: usize) -> Option<&'a [u8]> {
    if start.is_null() {
        return None;
    }
    // SAFETY: librdkafka keeps key and payload for as long as the message, which the caller borrows.
    Some(unsafe { std::slice::from_raw_parts(start.cast(), length) })
}

/// What a queue gave.
pub enum Given<'a> {
    Message(Message<'a>),
    /// The end of a partition as it is now (where the client asks for such); the next offset that will be fetched.
    End(TopicPartition, Offset),
    Failed(TopicPartition, Error),
}

impl Queue {
    /// Gives up to `max` messages to `visit`, waiting at most `timeout` for the first. Returns how many.
    pub fn consume(&self, max: usize, timeout: Duration, visit: &mut dyn FnMut(Given<'_>)) -> usize {
        let mut messages = [ptr::null_mut(); BATCH];
        let mut total = 0;
        while total < max {
            let wanted = (max - total).min(BATCH);
            let wait = if total == 0 { milliseconds(timeout) } else { 0 };
            // SAFETY: the array has room for as many as are asked for.
            let count = unsafe {
                sys::rd_kafka_consume_batch_queue(self.object, wait, messages.as_mut_ptr(), wanted)
            };
            let count = usize::try_from(count).unwrap_or(0);
            for message in &messages[..count] {
                // SAFETY: the message is ours until it is destroyed, and what was given of it is not kept.
                unsafe {
                    let borrowed = &**message;
                    visit(match borrowed.err {
                        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => {
                            Given::Message(Message { message: borrowed })
                        }
                        RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => {
                            Given::End(place_of(borrowed), Offset(borrowed.offset))
                        }
                        _ => Given::Failed(place_of(borrowed), error_of(borrowed)),
                    });
                    sys::rd_kafka_message_destroy(*message);
                }
            }
            total += count;
            if count < wanted {
                break;
            }
        }
        total
    }

    /// Writes 8 bytes to `fd` whenever the queue was empty and is not any more.
    pub fn signal(&self, fd: RawFd) {
        static ONE: u64 = 1;
        // SAFETY: the payload is static, and copied.
        unsafe {
            sys::rd_kafka_queue_io_event_enable(self.object, fd, ptr::from_ref(&ONE).cast(), size_of::<u64>())
        };
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the object is ours; the signal must not outlive its descriptor.
        unsafe {
            sys::rd_kafka_queue_io_event_enable(self.object, -1, ptr::null(), 0);
            sys::rd_kafka_queue_destroy(self.object);
        }
    }
}

/// A descriptor that queues write to when something came.
pub struct Signal {
    fd: RawFd,
}

impl Signal {
    pub fn new() -> Result<Signal, String> {
        // SAFETY: the call takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 { Err(std::io::Error::last_os_error().to_string()) } else { Ok(Signal { fd }) }
    }

    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// Waits until something came since the last call, at most `timeout`.
    pub fn wait(&self, timeout: Duration) {
        let mut poll = libc::pollfd { fd: self.fd, events: libc::POLLIN, revents: 0 };
        let mut count = 0u64;
        // SAFETY: one descriptor is polled, and eight bytes are read into eight bytes.
        unsafe {
            libc::poll(&mut poll, 1, milliseconds(timeout));
            libc::read(self.fd, ptr::from_mut(&mut count).cast(), size_of::<u64>());
        }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours.
        unsafe { libc::close(self.fd) };
    }
}

/// # Safety
/// The message must be alive.
unsafe fn place_of(message: *const sys::rd_kafka_message_t) -> TopicPartition {
    // SAFETY: a message's topic handle is alive with it, and its name with the handle.
    unsafe {
        let topic = if (*message).rkt.is_null() {
            String::new()
        } else {
            CStr::from_ptr(sys::rd_kafka_topic_name((*message).rkt)).to_string_lossy().into_owned()
        };
        TopicPartition { topic, partition: PartitionId((*message).partition) }
    }
}

/// # Safety
/// The message must be alive, and carry an error.
unsafe fn error_of(message: *const sys::rd_kafka_message_t) -> Error {
    // SAFETY: the text is the message's own.
    unsafe {
        let mut error = Error::of_code((*message).err);
        let text = sys::rd_kafka_message_errstr(message);
        if !text.is_null() {
            error.message = CStr::from_ptr(text).to_string_lossy().into_owned();
        }
        error
    }
}

unsafe extern "C" fn on_rebalance(
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

unsafe extern "C" fn on_error(
    _handle: *mut sys::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the opaque pointer is the client's `Callbacks`; the text is alive during the call.
    unsafe {
        let callbacks = &*opaque.cast::<Callbacks>();
        callbacks.transport_failed.store(true, Ordering::SeqCst);
        tracing::debug!(code, "kafka: {}", CStr::from_ptr(reason).to_string_lossy());
    }
}

unsafe extern "C" fn on_log(
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
