//! Queues of messages, and waiting for them.

use super::error::Error;
use super::milliseconds;
use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, c_void};
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;
use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

/// A queue of messages.
pub struct Queue {
    pub(super) object: *mut sys::rd_kafka_queue_t,
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
pub(super) unsafe fn place_of(message: *const sys::rd_kafka_message_t) -> TopicPartition {
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
/// The message must be alive, carry an error, and come from a consumer.
pub(super) unsafe fn error_of(message: *const sys::rd_kafka_message_t) -> Error {
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
