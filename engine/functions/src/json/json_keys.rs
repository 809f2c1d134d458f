use crate::define::*;
use super::path::Path;
use super::value::names;

pub(crate) static FUNCTION: Function = Function {
    name: "json_keys",
    elsewhere: &["json_object_keys"],
    meaning: "The names of the fields of the object at a path of a JSON text, in alphabetical order; null if nothing is there.",
    parameters: &[string("json"), string("path").constant().or("\"$\"")],
    gives: STRINGS,
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable, TooLong],
    examples: &[
        gives(r#"json_keys("{\"b\": 1, \"a\": 2}")"#, r#"["a", "b"]"#),
        gives(r#"json_keys("{}", "$.a")"#, "null").note("nothing there"),
        fails(r#"json_keys("[1]")"#, Unreadable).note("no object"),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            let Some(names) = names(raw)? else { return Ok(Value::Null) };
            texts(names.iter().map(String::as_str))
        }))
    }),
    ..DEFAULTS
};
