use crate::define::*;
use super::path::Path;
use super::value::kind;

pub(crate) static FUNCTION: Function = Function {
    name: "json_type",
    meaning: "What is at a path of a JSON text: object, array, string, number, bool or null; null if nothing is there.",
    parameters: &[string("json"), string("path").constant().or("\"$\"")],
    gives: Gives::String,
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable],
    examples: &[
        gives(r#"json_type("[1, 2]")"#, r#""array""#),
        gives(r#"json_type("{\"a\": null}", "$.a")"#, r#""null""#).note("JSON's null is there"),
        gives(r#"json_type("{\"a\": 1}", "$.b")"#, "null").note("nothing is there"),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            path.find(arguments.string(0))?.map_or(Ok(Value::Null), |raw| text(kind(raw).name()))
        }))
    }),
    ..DEFAULTS
};
