//! Gives rights to a principal of a broker with access control, and takes them.

#![allow(unsafe_code, reason = "the crate has no interface to librdkafka's access control")]

use rdkafka::bindings as sys;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::ffi::CString;
use std::ptr;

const CALL_MS: i32 = 30_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acl {
    /// As in `User:limited`.
    pub principal: String,
    /// `topic`, `group` or `transactional-id`.
    pub resource: String,
    pub name: String,
    pub prefixed: bool,
    /// As Kafka's tools spell it.
    pub operation: String,
}

impl Acl {
    fn kind(&self) -> sys::rd_kafka_ResourceType_t {
        use sys::rd_kafka_ResourceType_t as Kind;
        match self.resource.as_str() {
            "topic" => Kind::RD_KAFKA_RESOURCE_TOPIC,
            "group" => Kind::RD_KAFKA_RESOURCE_GROUP,
            "transactional-id" => Kind::RD_KAFKA_RESOURCE_TRANSACTIONAL_ID,
            other => panic!("no resource: {other}"),
        }
    }

    fn pattern(&self) -> sys::rd_kafka_ResourcePatternType_t {
        use sys::rd_kafka_ResourcePatternType_t as Pattern;
        if self.prefixed {
            Pattern::RD_KAFKA_RESOURCE_PATTERN_PREFIXED
        } else {
            Pattern::RD_KAFKA_RESOURCE_PATTERN_LITERAL
        }
    }

    fn operation(&self) -> sys::rd_kafka_AclOperation_t {
        use sys::rd_kafka_AclOperation_t as Operation;
        match self.operation.as_str() {
            "Read" => Operation::RD_KAFKA_ACL_OPERATION_READ,
            "Write" => Operation::RD_KAFKA_ACL_OPERATION_WRITE,
            "Create" => Operation::RD_KAFKA_ACL_OPERATION_CREATE,
            "Delete" => Operation::RD_KAFKA_ACL_OPERATION_DELETE,
            "DescribeConfigs" => Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
            other => panic!("no operation: {other}"),
        }
    }
}

/// Gives all of these.
pub fn give(config: &ClientConfig, acls: &[Acl]) {
    change(config, acls, true);
}

/// Takes all of these.
pub fn take(config: &ClientConfig, acls: &[Acl]) {
    change(config, acls, false);
}

fn change(config: &ClientConfig, acls: &[Acl], give: bool) {
    let consumer: BaseConsumer = config.create().expect("a client");
    let handle = consumer.client().native_ptr();
    let any = CString::new("*").expect("no zero byte");
    let mut why = [0; 512];
    // SAFETY: all texts live through the calls, which copy them; queue, event and bindings are ours until they are destroyed.
    unsafe {
        let mut bindings: Vec<*mut sys::rd_kafka_AclBinding_t> = acls
            .iter()
            .map(|acl| {
                let name = CString::new(acl.name.as_str()).expect("no zero byte");
                let principal = CString::new(acl.principal.as_str()).expect("no zero byte");
                let make =
                    if give { sys::rd_kafka_AclBinding_new } else { sys::rd_kafka_AclBindingFilter_new };
                let binding = make(
                    acl.kind(),
                    name.as_ptr(),
                    acl.pattern(),
                    principal.as_ptr(),
                    any.as_ptr(),
                    acl.operation(),
                    sys::rd_kafka_AclPermissionType_t::RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
                    why.as_mut_ptr(),
                    why.len(),
                );
                assert!(!binding.is_null(), "{acl:?} is right");
                binding
            })
            .collect();
        let queue = sys::rd_kafka_queue_new(handle);
        let call = if give { sys::rd_kafka_CreateAcls } else { sys::rd_kafka_DeleteAcls };
        call(handle, bindings.as_mut_ptr(), bindings.len(), ptr::null(), queue);
        let event = sys::rd_kafka_queue_poll(queue, CALL_MS);
        assert!(!event.is_null(), "the broker answers");
        let code = sys::rd_kafka_event_error(event);
        assert_eq!(code, rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR, "{acls:?}");
        if !give {
            let result = sys::rd_kafka_event_DeleteAcls_result(event);
            let mut count = 0;
            let responses = sys::rd_kafka_DeleteAcls_result_responses(result, &mut count);
            assert_eq!(count, acls.len(), "each has an answer");
            for (number, acl) in acls.iter().enumerate() {
                let mut found = 0;
                sys::rd_kafka_DeleteAcls_result_response_matching_acls(*responses.add(number), &mut found);
                assert_eq!(found, 1, "there was such a right: {acl:?}");
            }
        }
        sys::rd_kafka_event_destroy(event);
        sys::rd_kafka_queue_destroy(queue);
        for binding in bindings {
            sys::rd_kafka_AclBinding_destroy(binding);
        }
    }
}
