use crate::define::*;
use crate::order::compare;

pub(crate) static FUNCTION: Function = Function {
    name: "clamp",
    meaning: "The value, or the bound that it is beyond.",
    parameters: &[ordered("value"), ordered("low"), ordered("high")],
    gives: Gives::Same,
    errors: &[OutOfRange],
    examples: &[
        gives("clamp(15, 0, 10)", "10"),
        gives("clamp(-0.5, 0, 1)", "0.0"),
        gives("clamp(5, 5, 5)", "5").note("a bound is within"),
        fails("clamp(5, 10, 0)", OutOfRange),
    ],
    body: Body::Direct(|arguments| {
        let (value, low, high) = (arguments.value(0), arguments.value(1), arguments.value(2));
        if compare(low, high).is_gt() {
            return Err(FunctionError::out_of_range("the low bound", "no greater than the high one", "greater"));
        }
        let clamped = if compare(value, low).is_lt() {
            low
        } else if compare(value, high).is_gt() {
            high
        } else {
            value
        };
        Ok(clamped.clone())
    }),
    ..DEFAULTS
};
