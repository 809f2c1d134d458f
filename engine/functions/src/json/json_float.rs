use crate::define::*;
use super::path::Path;
use super::value::{Json, kind};

pub(crate) static FUNCTION: Function = Function {
    name: "json_float",
    meaning: "The number at a path of a JSON text, as a float; null if there is none.",
    parameters: &[string("json"), string("path").constant()],
    gives: Gives::Float,
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable],
    examples: &[
        gives(r#"json_float("{\"lat\": 52.37}", "$.lat")"#, "52.37"),
        gives(r#"json_float("[1, 2e3]", "$[1]")"#, "2000.0"),
        gives(r#"json_float("[1]", "$[5]")"#, "null").note("nothing there"),
        fails(r#"json_float("{\"lat\": true}", "$.lat")"#, Unreadable),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            match kind(raw) {
                Json::Null => Ok(Value::Null),
                Json::Number => {
                    let number = raw.parse().map(Value::Float);
                    number.map_err(|_| FunctionError::unreadable("a number", raw))
                }
                _ => Err(FunctionError::unreadable("a number", raw)),
            }
        }))
    }),
    ..DEFAULTS
};
