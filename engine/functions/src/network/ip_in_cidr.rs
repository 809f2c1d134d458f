use crate::define::*;
use super::cidr::Cidr;

pub(crate) static FUNCTION: Function = Function {
    name: "ip_in_cidr",
    elsewhere: &["ip_in_range", "cidr_match"],
    meaning: "Is an address of IPv4 or IPv6 within a network such as `10.0.0.0/8`?",
    parameters: &[string("address"), string("network")],
    gives: Gives::Bool,
    errors: &[Unreadable],
    examples: &[
        gives(r#"ip_in_cidr("10.1.2.3", "10.0.0.0/8")"#, "true"),
        gives(r#"ip_in_cidr("2001:db8:1::1", "2001:db8::/32")"#, "true"),
        gives(r#"ip_in_cidr("10.1.2.3", "::/0")"#, "false").note("an address of one kind is in no network of the other"),
        fails(r#"ip_in_cidr("10.1.2", "10.0.0.0/8")"#, Unreadable),
        refused(r#"ip_in_cidr("10.1.2.3", "10.0.0.0/33")"#, "no network"),
    ],
    body: Body::Prepared(|site| {
        let fixed = Cidr::constant(site, 1)?;
        Ok(Arc::new(move |arguments| {
            let network = match fixed {
                Some(network) => network,
                None => Cidr::read(arguments.string(1))?,
            };
            Ok(Value::Bool(network.holds(super::address(arguments.string(0))?)))
        }))
    }),
    ..DEFAULTS
};
