use crate::define::*;
use tidegate_model::value::parse_decimal;

pub(crate) static FUNCTION: Function = Function {
    name: "try_decimal",
    meaning: "A text read as a decimal with so many digits behind the point; null if it is not exactly one, where `decimal` would be an error.",
    parameters: &[string("text"), int("scale").constant()],
    gives: Gives::Computed { shown: "decimal(38, scale)", of: |site| scale_argument(site, 1) },
    nulls: Nulls::MayGiveNull,
    examples: &[
        gives(r#"try_decimal("12.5", 2)"#, "12.50"),
        gives(r#"try_decimal("12.505", 2)"#, "null").note("digits are never dropped"),
        gives(r#"try_decimal("free", 2) ?? 0.00"#, "0.00"),
    ],
    body: Body::Direct(|arguments| {
        let digits = parse_decimal(arguments.string(0).as_bytes(), arguments.gives.scale());
        Ok(digits.map_or(Value::Null, Value::Decimal))
    }),
    ..DEFAULTS
};
