use crate::define::*;
use super::path::Path;
use super::value::{elements, text_of};

pub(crate) static FUNCTION: Function = Function {
    name: "json_list",
    elsewhere: &["json_extract_array", "json_array_elements", "json_array"],
    meaning: "The elements of the array at a path of a JSON text, each as `json_string` gives it; null if nothing is there.",
    parameters: &[string("json"), string("path").constant().or("\"$\"")],
    gives: Gives::Computed { shown: "[string?]", of: |_| Ok(ScalarType::list(ScalarType::String, true)) },
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable, TooLong],
    examples: &[
        gives(r#"json_list("{\"tags\": [\"a\", \"b\"]}", "$.tags")"#, r#"["a", "b"]"#),
        gives(r#"map(json_list("[1, 2]"), n => int(n ?? "0"))"#, "[1, 2]"),
        gives(r#"json_list("[{\"a\": 1}, null]")"#, r#"["{\"a\": 1}", null]"#).note("objects as they are written"),
        gives(r#"json_list("{}", "$.tags")"#, "null").note("nothing there"),
        fails(r#"json_list("{\"tags\": \"a\"}", "$.tags")"#, Unreadable).note("no array"),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            let Some(elements) = elements(raw)? else { return Ok(Value::Null) };
            listed(elements.into_iter().map(text_of))
        }))
    }),
    ..DEFAULTS
};
