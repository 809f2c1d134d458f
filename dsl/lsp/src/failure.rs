//! What a request is answered with where it cannot be answered.

use serde_json::Value;

// The protocol's numbers for what went wrong with a request.
pub const NO_JSON: i64 = -32700;
const NO_SUCH_METHOD: i64 = -32601;
const BAD_PARAMS: i64 = -32602;
const NOT_READY: i64 = -32002;
const CLOSING: i64 = -32600;
const REFUSED: i64 = -32803;
const CANCELLED: i64 = -32800;

pub struct Failure {
    pub code: i64,
    pub message: String,
}

pub type Answer = Result<Value, Failure>;

impl Failure {
    fn new(code: i64, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }

    pub fn no_method(message: impl Into<String>) -> Failure {
        Failure::new(NO_SUCH_METHOD, message)
    }

    pub fn params(message: impl Into<String>) -> Failure {
        Failure::new(BAD_PARAMS, message)
    }

    pub fn not_ready(message: impl Into<String>) -> Failure {
        Failure::new(NOT_READY, message)
    }

    pub fn closing(message: impl Into<String>) -> Failure {
        Failure::new(CLOSING, message)
    }

    /// It is a request that could be answered for another place or file; the editor shows the message.
    pub fn refused(message: impl Into<String>) -> Failure {
        Failure::new(REFUSED, message)
    }

    pub fn cancelled() -> Failure {
        Failure::new(CANCELLED, "the editor took it back")
    }
}
