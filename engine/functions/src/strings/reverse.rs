use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "reverse",
    meaning: "The characters of a text, or the elements of a list, from the last to the first.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"reverse("tide")"#, r#""edit""#),
        gives(r#"reverse("né€")"#, r#""€én""#).note("characters, not bytes"),
        gives("reverse([1, 2, 3])", "[3, 2, 1]"),
    ],
    body: Body::Direct(|arguments| text(arguments.string(0).chars().rev().collect::<String>())),
    ..DEFAULTS
};
