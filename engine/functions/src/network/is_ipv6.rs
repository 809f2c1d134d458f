use crate::define::*;
use std::net::Ipv6Addr;

pub(crate) static FUNCTION: Function = Function {
    name: "is_ipv6",
    meaning: "Is the text an address of IPv6?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"is_ipv6("2001:db8::1")"#, "true"),
        gives(r#"is_ipv6("[::1]")"#, "false").note("without brackets"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.string(0).parse::<Ipv6Addr>().is_ok()))),
    ..DEFAULTS
};
