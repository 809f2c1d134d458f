//! Functions of other languages that are forms of this one.

/// A function's name, and what is written in its place.
const FORMS: [(&[&str], &str); 14] = [
    (&["is_empty", "isempty", "empty"], "write `length(…) == 0`, of texts, lists and maps"),
    (
        &["is_not_empty", "isnotempty", "not_empty", "non_empty"],
        "write `length(…) > 0`, of texts, lists and maps",
    ),
    (&["is_null", "isnull", "is_none"], "write `… is null`"),
    (&["is_not_null", "isnotnull", "notnull", "is_some"], "write `… is not null`"),
    (
        &["sprintf", "printf", "format", "interpolate"],
        "a text with values in it is `f\"{id} of {total}\"`; numbers are written by `format_number(…)`, times by `format_time(…)`",
    ),
    (
        &["iff", "iif", "when", "decode", "case", "switch"],
        "a choice is `if … { … } else { … }`, or `match … { value => …, _ => … }`",
    ),
    (
        &["cast", "convert", "try_cast"],
        "a value is cast by the name of the type: `int(…)`, `string(…)`, `decimal(…, 2)`",
    ),
    (
        &["now", "current_timestamp", "current_time", "getdate", "sysdate", "today", "current_date"],
        "expressions read no clock, so that a replay gives the same; an event's time is a field of it",
    ),
    (
        &["random", "rand", "uuid_v4", "gen_random_uuid", "newid"],
        "expressions have no chance in them, so that a replay gives the same; `uuid_v5(…)` and the hashes make ids of values",
    ),
    (
        &["env", "getenv", "environ"],
        "a value of the environment is a param: `param NAME: TYPE = env(\"NAME\", default)`",
    ),
    (
        &["and", "or", "not", "xor"],
        "`and`, `or` and `not` stand between and before conditions: `a and not b`",
    ),
    (&["equals", "eq", "equal"], "values are compared by `==`"),
    (
        &["list", "array", "array_of", "struct", "row", "object", "named_struct"],
        "a list is written `[a, b]`, a map `{ \"key\": value }`, a record `{ field: value }`",
    ),
    (
        &["row_number", "rank", "dense_rank", "lag", "lead", "over"],
        "what looks at several events is a step: `rolling`, `top N by … per …`, `latest by`, `match by`",
    ),
];

/// What to write in place of a call of this name.
pub(crate) fn form_for(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    FORMS.iter().find(|(names, _)| names.contains(&lower.as_str())).map(|(_, form)| *form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_function_here_or_stands_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for name in FORMS.iter().flat_map(|(names, _)| *names) {
            assert!(seen.insert(name), "{name} is there twice");
            assert!(tidegate_functions::called_elsewhere(name).is_none(), "{name} is a function");
        }
    }
}
