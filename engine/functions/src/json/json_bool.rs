use crate::define::*;
use super::path::Path;
use super::value::{Json, kind};

pub(crate) static FUNCTION: Function = Function {
    name: "json_bool",
    meaning: "The bool at a path of a JSON text; null if there is none.",
    parameters: &[string("json"), string("path").constant()],
    gives: Gives::Bool,
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable],
    examples: &[
        gives(r#"json_bool("{\"active\": true}", "$.active")"#, "true"),
        gives(r#"json_bool("{\"active\": true}", "$.other")"#, "null").note("nothing there"),
        fails(r#"json_bool("{\"active\": 1}", "$.active")"#, Unreadable),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            match kind(raw) {
                Json::Null => Ok(Value::Null),
                Json::Bool => Ok(Value::Bool(raw == "true")),
                _ => Err(FunctionError::unreadable("a bool", raw)),
            }
        }))
    }),
    ..DEFAULTS
};
