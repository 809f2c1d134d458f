use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "gcd",
    meaning: "The greatest int that divides both.",
    parameters: &[int("a"), int("b")],
    gives: Gives::Int,
    errors: &[Overflow],
    examples: &[
        gives("gcd(12, 18)", "6"),
        gives("gcd(0, 5)", "5").note("everything divides 0"),
    ],
    body: Body::Direct(|arguments| {
        let (mut a, mut b) = (arguments.int(0).unsigned_abs(), arguments.int(1).unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        i64::try_from(a).map(Value::Int).map_err(|_| FunctionError::Overflow)
    }),
    ..DEFAULTS
};
