use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "map",
    elsewhere: &["transform"],
    meaning: "The value of an expression for each element of a list.",
    parameters: &[list("list"), each("x => …")],
    gives: shown("[U]"),
    errors: &[DivisionByZero],
    examples: &[
        gives("map([1, 2, 3], x => x * 10)", "[10, 20, 30]"),
        gives(r#"map(["a", "b"], s => upper(s))"#, r#"["A", "B"]"#),
        fails("map([1, 0], x => 6 / x)", DivisionByZero).note("one element that fails fails the event"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
