use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "remove_prefix",
    meaning: "The text without a part at its start, if it begins with that.",
    parameters: &[string("text"), string("prefix")],
    gives: Gives::String,
    examples: &[
        gives(r#"remove_prefix("urn:order:42", "urn:order:")"#, r#""42""#),
        gives(r#"remove_prefix("order:42", "urn:")"#, r#""order:42""#).note("it does not begin with it"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        text(whole.strip_prefix(arguments.string(1)).unwrap_or(whole))
    }),
    ..DEFAULTS
};
