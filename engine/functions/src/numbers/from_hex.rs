use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "from_hex",
    meaning: "The int that up to 16 hexadecimal digits write, as `to_hex` makes them.",
    parameters: &[string("text")],
    gives: Gives::Int,
    errors: &[Unreadable],
    examples: &[
        gives(r#"from_hex("ff")"#, "255"),
        gives(r#"from_hex("FFFFFFFFFFFFFFFF")"#, "-1").note("as 64 bits"),
        fails(r#"from_hex("0xff")"#, Unreadable).note("digits only"),
    ],
    body: Body::Direct(|arguments| {
        let digits = arguments.string(0);
        // The parser would take a sign.
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = u64::from_str_radix(digits, 16).ok().filter(|_| plain);
        let unreadable = || FunctionError::unreadable("1 to 16 hexadecimal digits", digits);
        Ok(Value::Int(bits.ok_or_else(unreadable)? as i64))
    }),
    ..DEFAULTS
};
