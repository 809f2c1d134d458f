use crate::define::*;
use twox_hash::XxHash64;

pub(crate) static FUNCTION: Function = Function {
    name: "bucket",
    meaning: "A number from 0 to one less than the count, always the same for a text and evenly spread: for samples and experiments.",
    parameters: &[string("text"), int("count")],
    gives: Gives::Int,
    errors: &[OutOfRange],
    examples: &[
        gives(r#"bucket("customer-42", 100)"#, "95"),
        gives(r#"bucket("anyone", 1)"#, "0").note("there is only one"),
        fails(r#"bucket("anyone", 0)"#, OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let count = arguments.int(1);
        if count <= 0 {
            return Err(FunctionError::out_of_range("the count", "at least 1", count));
        }
        let hash = XxHash64::oneshot(0, arguments.string(0).as_bytes());
        Ok(Value::Int((hash % count.unsigned_abs()) as i64))
    }),
    ..DEFAULTS
};
