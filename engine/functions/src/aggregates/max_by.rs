use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "max_by",
    elsewhere: &["arg_max", "argmax"],
    meaning: "The value of one expression where another is greatest; among equal ones the least value. Where `by` is null the event is passed over.",
    parameters: &[any("x"), each("by: ordered")],
    gives: shown("type of x"),
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives("max_by(x, y)", r#""a""#).of(r#"[{ x: "a", y: 7 }, { x: "b", y: 2 }]"#),
        gives("max_by(x, y)", "null").of(r#"[{ x: null, y: 9 }, { x: "b", y: 2 }]"#).note("x may be null where y is greatest"),
    ],
    body: Body::Form(Form::Aggregate),
    ..DEFAULTS
};
