use crate::define::*;
use super::base::base;

pub(crate) static FUNCTION: Function = Function {
    name: "parse_int",
    meaning: "The int that the digits of a base from 2 to 36 write.",
    parameters: &[string("text"), int("base").constant()],
    gives: Gives::Int,
    errors: &[Unreadable],
    examples: &[
        gives(r#"parse_int("1010", 2)"#, "10"),
        gives(r#"parse_int("-z", 36)"#, "-35"),
        fails(r#"parse_int("12", 2)"#, Unreadable).note("2 is no digit of base 2"),
        fails(r#"parse_int("ffffffffffffffff", 16)"#, Unreadable).note("it does not fit an int; see `from_hex`"),
    ],
    body: Body::Prepared(|site| {
        let base = base(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let digits = arguments.string(0);
            let number = i64::from_str_radix(digits, base).ok();
            number.map(Value::Int).ok_or_else(|| FunctionError::unreadable("an int of this base", digits))
        }))
    }),
    ..DEFAULTS
};
