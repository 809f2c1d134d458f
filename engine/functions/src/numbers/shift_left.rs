use crate::define::*;
use super::places;

pub(crate) static FUNCTION: Function = Function {
    name: "shift_left",
    meaning: "The bits of an int moved towards the higher ones; what leaves the 64 is lost.",
    parameters: &[int("value"), int("places")],
    gives: Gives::Int,
    errors: &[OutOfRange],
    examples: &[
        gives("shift_left(1, 10)", "1024"),
        gives("shift_left(1, 63)", "-9223372036854775808").note("the highest bit is the sign"),
        fails("shift_left(1, 64)", OutOfRange),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.int(0) << places(arguments.int(1))?))),
    ..DEFAULTS
};
