use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "similarity",
    elsewhere: &["jaro_winkler", "jaro_winkler_similarity"],
    meaning: "How alike two texts are by Jaro and Winkler: 1 if they are the same, 0 if they have nothing in common.",
    parameters: &[string("a"), string("b")],
    gives: Gives::Float,
    errors: &[OutOfRange],
    examples: &[
        gives(r#"similarity("tide", "tide")"#, "1.0"),
        gives(r#"round(similarity("MARTHA", "MARHTA"), 3)"#, "0.961"),
        gives(r#"similarity("abc", "xyz")"#, "0.0"),
        gives(r#"similarity("", "")"#, "1.0").note("two empty texts are the same"),
    ],
    body: Body::Direct(|arguments| {
        let (a, b) = (arguments.string(0), arguments.string(1));
        for side in [a, b] {
            let length = side.chars().count();
            if length > LENGTH_MAX {
                return Err(FunctionError::out_of_range("a text's length", "at most 1000 characters", length));
            }
        }
        Ok(Value::Float(strsim::jaro_winkler(a, b)))
    }),
    ..DEFAULTS
};

/// In characters; a million steps at most.
const LENGTH_MAX: usize = 1000;
