use crate::define::*;
use super::path::Path;
use super::value::{Json, kind};

pub(crate) static FUNCTION: Function = Function {
    name: "json_int",
    meaning: "The int at a path of a JSON text; null if there is none.",
    parameters: &[string("json"), string("path").constant()],
    gives: Gives::Int,
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable],
    examples: &[
        gives(r#"json_int("{\"items\": [{\"n\": 3}]}", "$.items[0].n")"#, "3"),
        gives(r#"json_int("{}", "$.n")"#, "null").note("nothing there"),
        fails(r#"json_int("{\"n\": \"3\"}", "$.n")"#, Unreadable).note("a string is no number"),
        fails(r#"json_int("{\"n\": 3.5}", "$.n")"#, Unreadable),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            let read = || raw.parse().map(Value::Int).map_err(|_| FunctionError::unreadable("an int", raw));
            if kind(raw) == Json::Null { Ok(Value::Null) } else { read() }
        }))
    }),
    ..DEFAULTS
};
