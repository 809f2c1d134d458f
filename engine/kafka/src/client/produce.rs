//! Records on their way out, and the topics that they go to.

use rdkafka::bindings as sys;
use std::ffi::c_void;
use std::ptr;
use tidegate_model::PartitionId;

pub(super) fn parts(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    match bytes {
        None => (ptr::null(), 0),
        // An empty slice must not look like none.
        Some([]) => (c"".as_ptr().cast(), 0),
        Some(bytes) => (bytes.as_ptr().cast(), bytes.len()),
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
    pub(super) fn make_headers(&self) -> *mut sys::rd_kafka_headers_t {
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
    pub(super) object: *mut sys::rd_kafka_topic_t,
}

// SAFETY: librdkafka's topic handles may be used from any thread.
unsafe impl Send for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the object is ours.
        unsafe { sys::rd_kafka_topic_destroy(self.object) };
    }
}
