use crate::define::*;
use super::path::Path;
use super::value::text_of;

pub(crate) static FUNCTION: Function = Function {
    name: "json_string",
    elsewhere: &["json_extract", "get_json_object", "extractjsonfield", "json_value", "json_extract_string"],
    meaning: "The value at a path of a JSON text, as text: a string without its quotes, anything else as it is written; null if there is none.",
    parameters: &[string("json"), string("path").constant()],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable],
    examples: &[
        gives(r#"json_string("{\"a\": [{\"b\": \"x\"}]}", "$.a[0].b")"#, r#""x""#),
        gives(r#"json_string("{\"a\": {\"b\": 1.50}}", "$.a")"#, r#""{\"b\": 1.50}""#).note("an object as it is written"),
        gives(r#"json_string("{\"a\": null}", "$.a")"#, "null").note("JSON's null is null"),
        fails(r#"json_string("no JSON", "$.a")"#, Unreadable),
        refused(r#"json_string("{}", "a.b")"#, "begins with `$`"),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            text_of(raw)
        }))
    }),
    ..DEFAULTS
};
