use crate::define::*;
use crate::order::compare;

pub(crate) static FUNCTION: Function = Function {
    name: "least",
    elsewhere: &["min_of"],
    meaning: "The least of some values.",
    parameters: &[ordered("value").repeated()],
    gives: Gives::Same,
    examples: &[
        gives("least(3, 1, 2)", "1"),
        gives("least(2.50, 3)", "2.50"),
        gives(r#"least("b", "a")"#, r#""a""#),
        gives("least(1, null)", "null").note("one that is null makes the whole null"),
    ],
    body: Body::Direct(|arguments| {
        let all = (0..arguments.len()).map(|place| arguments.value(place));
        Ok(all.min_by(|a, b| compare(a, b)).cloned().unwrap_or(Value::Null))
    }),
    ..DEFAULTS
};
