use crate::define::*;
use std::net::Ipv4Addr;

pub(crate) static FUNCTION: Function = Function {
    name: "is_ipv4",
    meaning: "Is the text an address of IPv4?",
    parameters: &[string("text")],
    gives: Gives::Bool,
    examples: &[
        gives(r#"is_ipv4("192.168.1.10")"#, "true"),
        gives(r#"is_ipv4("192.168.1")"#, "false"),
        gives(r#"is_ipv4("192.168.001.010")"#, "false").note("zeros before a number are not allowed"),
    ],
    body: Body::Direct(|arguments| Ok(Value::Bool(arguments.string(0).parse::<Ipv4Addr>().is_ok()))),
    ..DEFAULTS
};
