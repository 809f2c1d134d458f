//! Who is in a consumer group, asked without waiting.

use super::{Client, c_string, milliseconds};
use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::{CStr, c_char};
use std::ptr;
use std::time::Duration;

/// Where answers come in; must be dropped before the client.
pub struct Answers {
    object: *mut sys::rd_kafka_queue_t,
}

// SAFETY: a queue may be moved between threads; it is only used by one at a time.
unsafe impl Send for Answers {}

/// A consumer group as its coordinator knows it.
pub struct Described {
    /// Every member has its assignment.
    pub is_stable: bool,
    /// The static ids of the members; None: one has none.
    pub members: Vec<Option<String>>,
}

impl Client {
    pub fn answers(&self) -> Answers {
        // SAFETY: the queue object is taken over.
        Answers { object: unsafe { sys::rd_kafka_queue_new(self.handle) } }
    }

    /// Asks for a group; the answer comes to `answers`, at the latest after `timeout`.
    pub fn describe_group(&self, group: &str, answers: &Answers, timeout: Duration) {
        let group = c_string(group);
        let mut groups: [*const c_char; 1] = [group.as_ptr()];
        // SAFETY: handle and queue are alive; options and names are copied by the call.
        unsafe {
            let options = sys::rd_kafka_AdminOptions_new(
                self.handle,
                sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
            );
            sys::rd_kafka_AdminOptions_set_request_timeout(
                options,
                milliseconds(timeout),
                ptr::null_mut(),
                0,
            );
            sys::rd_kafka_DescribeConsumerGroups(
                self.handle,
                groups.as_mut_ptr(),
                groups.len(),
                options,
                answers.object,
            );
            sys::rd_kafka_AdminOptions_destroy(options);
        }
    }
}

impl Answers {
    /// The next answer that has come, or what was the matter.
    pub fn next(&self) -> Option<Result<Described, String>> {
        // SAFETY: the event is ours until it is destroyed, and what belongs to it is copied before.
        unsafe {
            let event = sys::rd_kafka_queue_poll(self.object, 0);
            if event.is_null() {
                return None;
            }
            let described = described(event);
            sys::rd_kafka_event_destroy(event);
            Some(described)
        }
    }
}

/// # Safety
/// The event must be alive.
unsafe fn described(event: *mut sys::rd_kafka_event_t) -> Result<Described, String> {
    // SAFETY: all objects belong to the event; indexes are below the counts that were given.
    unsafe {
        if sys::rd_kafka_event_error(event) != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(text(sys::rd_kafka_event_error_string(event)).unwrap_or_default());
        }
        let result = sys::rd_kafka_event_DescribeConsumerGroups_result(event);
        if result.is_null() {
            return Err("an answer to another question".to_owned());
        }
        let mut count = 0usize;
        let groups = sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count);
        if count == 0 {
            return Err("there is no such group".to_owned());
        }
        let group = *groups;
        let error = sys::rd_kafka_ConsumerGroupDescription_error(group);
        if !error.is_null() && sys::rd_kafka_error_code(error) != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(text(sys::rd_kafka_error_string(error)).unwrap_or_default());
        }
        let stable = sys::rd_kafka_consumer_group_state_t::RD_KAFKA_CONSUMER_GROUP_STATE_STABLE;
        let is_stable = sys::rd_kafka_ConsumerGroupDescription_state(group) == stable;
        let members = (0..sys::rd_kafka_ConsumerGroupDescription_member_count(group)).map(|index| {
            let member = sys::rd_kafka_ConsumerGroupDescription_member(group, index);
            text(sys::rd_kafka_MemberDescription_group_instance_id(member)).filter(|id| !id.is_empty())
        });
        Ok(Described { is_stable, members: members.collect() })
    }
}

/// # Safety
/// The text must be alive, if there is one.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

impl Drop for Answers {
    fn drop(&mut self) {
        // SAFETY: the object is ours.
        unsafe { sys::rd_kafka_queue_destroy(self.object) };
    }
}
