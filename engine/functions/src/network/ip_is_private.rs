use crate::define::*;
use std::net::IpAddr;

pub(crate) static FUNCTION: Function = Function {
    name: "ip_is_private",
    meaning: "Is an address one that is not routed on the internet: of a private network, the machine itself, or the local link?",
    parameters: &[string("address")],
    gives: Gives::Bool,
    errors: &[Unreadable],
    examples: &[
        gives(r#"ip_is_private("192.168.1.10")"#, "true"),
        gives(r#"ip_is_private("8.8.8.8")"#, "false"),
        gives(r#"ip_is_private("::ffff:10.0.0.1")"#, "true").note("an address of IPv4 in IPv6's notation"),
        fails(r#"ip_is_private("localhost")"#, Unreadable),
    ],
    body: Body::Direct(|arguments| {
        Ok(Value::Bool(match super::address(arguments.string(0))?.to_canonical() {
            IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
            IpAddr::V6(address) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
        }))
    }),
    ..DEFAULTS
};
