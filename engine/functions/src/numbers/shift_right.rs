use crate::define::*;
use super::places;

pub(crate) static FUNCTION: Function = Function {
    name: "shift_right",
    meaning: "The bits of an int moved towards the lower ones; the sign stays.",
    parameters: &[int("value"), int("places")],
    gives: Gives::Int,
    errors: &[OutOfRange],
    examples: &[
        gives("shift_right(1024, 10)", "1"),
        gives("shift_right(-8, 1)", "-4").note("the sign stays"),
        fails("shift_right(1, -1)", OutOfRange),
    ],
    body: Body::Direct(|arguments| Ok(Value::Int(arguments.int(0) >> places(arguments.int(1))?))),
    ..DEFAULTS
};
