use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "remove_suffix",
    meaning: "The text without a part at its end, if it ends with that.",
    parameters: &[string("text"), string("suffix")],
    gives: Gives::String,
    examples: &[
        gives(r#"remove_suffix("report.csv", ".csv")"#, r#""report""#),
        gives(r#"remove_suffix("a.csv.csv", ".csv")"#, r#""a.csv""#).note("once only"),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        text(whole.strip_suffix(arguments.string(1)).unwrap_or(whole))
    }),
    ..DEFAULTS
};
