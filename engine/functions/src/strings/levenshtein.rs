use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "levenshtein",
    elsewhere: &["edit_distance", "levenshtein_distance"],
    meaning: "How many characters must be put in, taken out or changed to make one text of another.",
    parameters: &[string("a"), string("b")],
    gives: Gives::Int,
    errors: &[OutOfRange],
    examples: &[
        gives(r#"levenshtein("kitten", "sitting")"#, "3"),
        gives(r#"levenshtein("", "abc")"#, "3").note("all are put in"),
        fails(r#"levenshtein(repeat("a", 1001), "b")"#, OutOfRange).note("its cost grows with both lengths"),
    ],
    body: Body::Direct(|arguments| {
        let (a, b) = (arguments.string(0), arguments.string(1));
        for side in [a, b] {
            let length = side.chars().count();
            if length > LENGTH_MAX {
                return Err(FunctionError::out_of_range("a text's length", "at most 1000 characters", length));
            }
        }
        Ok(Value::Int(strsim::levenshtein(a, b) as i64))
    }),
    ..DEFAULTS
};

/// In characters; a million steps at most.
const LENGTH_MAX: usize = 1000;
