use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "split",
    meaning: "What stands between the separators of a text.",
    parameters: &[string("text"), string("separator")],
    gives: shown("[string]"),
    errors: &[TooLong],
    examples: &[
        gives(r#"split("a,b,,c", ",")"#, r#"["a", "b", "", "c"]"#),
        gives(r#"split("", ",")"#, r#"[""]"#).note("one empty part"),
        gives(r#"split("ab", "")"#, r#"["ab"]"#).note("the empty separator splits nothing"),
    ],
    body: Body::Form(Form::Collection),
    ..DEFAULTS
};
