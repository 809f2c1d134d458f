use crate::define::*;
use super::path::Path;
use super::value::length;

pub(crate) static FUNCTION: Function = Function {
    name: "json_length",
    elsewhere: &["json_array_length"],
    meaning: "How many elements the array, or fields the object, at a path of a JSON text has; null for anything else.",
    parameters: &[string("json"), string("path").constant().or("\"$\"")],
    gives: Gives::Int,
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable],
    examples: &[
        gives(r#"json_length("[1, 2, 3]")"#, "3"),
        gives(r#"json_length("{\"a\": {\"b\": 1}}", "$.a")"#, "1"),
        gives(r#"json_length("\"text\"")"#, "null").note("neither an array nor an object"),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            Ok(length(raw)?.map_or(Value::Null, |length| Value::Int(length as i64)))
        }))
    }),
    ..DEFAULTS
};
