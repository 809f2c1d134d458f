use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "repeat",
    meaning: "The text so many times, one behind the other.",
    parameters: &[string("text"), int("times")],
    gives: Gives::String,
    errors: &[TooLong],
    examples: &[
        gives(r#"repeat("ab", 3)"#, r#""ababab""#),
        gives(r#"repeat("ab", -1)"#, r#""""#).note("less than no time is none"),
        fails(r#"repeat("ab", 1000000)"#, TooLong),
    ],
    body: Body::Direct(|arguments| {
        let once = arguments.string(0);
        let times = usize::try_from(arguments.int(1).max(0)).unwrap_or(usize::MAX);
        if once.len().saturating_mul(times) > TEXT_BYTES_MAX {
            return Err(FunctionError::TooLong);
        }
        text(if once.is_empty() { String::new() } else { once.repeat(times) })
    }),
    ..DEFAULTS
};
