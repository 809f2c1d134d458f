//! Errors, with what may be done about them.

use rdkafka::bindings as sys;
use rdkafka::types::RDKafkaRespErr;
use std::ffi::CStr;
use std::fmt;

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
    /// What librdkafka says of a code, without any detail.
    pub(crate) fn of_code(code: RDKafkaRespErr) -> Error {
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
    pub(super) fn check(error: *mut sys::rd_kafka_error_t) -> Result<(), Error> {
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

    pub(super) fn check_code(code: RDKafkaRespErr) -> Result<(), Error> {
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR { Ok(()) } else { Err(Error::of_code(code)) }
    }
}
