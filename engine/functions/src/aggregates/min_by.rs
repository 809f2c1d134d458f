use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "min_by",
    elsewhere: &["arg_min", "argmin"],
    meaning: "The value of one expression where another is least; among equal ones the least value. Where `by` is null the event is passed over.",
    parameters: &[any("x"), each("by: ordered")],
    gives: shown("type of x"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("min_by(x, y)", r#""b""#).of(r#"[{ x: "a", y: 7 }, { x: "b", y: 2 }]"#),
        gives("min_by(x, y)", r#""a""#).of(r#"[{ x: "b", y: 2 }, { x: "a", y: 2 }]"#).note("among equal ones the least"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
