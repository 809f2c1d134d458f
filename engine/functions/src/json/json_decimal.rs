use crate::define::*;
use super::path::Path;
use super::value::{Json, kind, string as json_string};
use tidegate_model::value::parse_decimal;

pub(crate) static FUNCTION: Function = Function {
    name: "json_decimal",
    meaning: "The number at a path of a JSON text, or the number that a string there writes, exactly as a decimal; null if there is none.",
    parameters: &[string("json"), string("path").constant(), int("scale").constant()],
    gives: Gives::Computed { shown: "decimal(38, scale)", of: |site| scale_argument(site, 2) },
    nulls: Nulls::MayGiveNull,
    errors: &[Unreadable],
    examples: &[
        gives(r#"json_decimal("{\"amount\": 12.5}", "$.amount", 2)"#, "12.50"),
        gives(r#"json_decimal("{\"amount\": \"0.10\"}", "$.amount", 2)"#, "0.10").note("a string too, as money often comes"),
        fails(r#"json_decimal("{\"amount\": 0.105}", "$.amount", 2)"#, Unreadable).note("digits are never dropped"),
    ],
    body: Body::Prepared(|site| {
        let path = Path::new(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let Some(raw) = path.find(arguments.string(0))? else { return Ok(Value::Null) };
            let unreadable = || FunctionError::unreadable("a decimal of this scale", raw);
            let digits = match kind(raw) {
                Json::Null => return Ok(Value::Null),
                Json::Number => raw.to_owned(),
                Json::String => json_string(raw)?,
                _ => return Err(unreadable()),
            };
            let value = parse_decimal(digits.as_bytes(), arguments.gives.scale());
            value.map(Value::Decimal).ok_or_else(unreadable)
        }))
    }),
    ..DEFAULTS
};
