use crate::define::*;
use super::cidr::Cidr;

pub(crate) static FUNCTION: Function = Function {
    name: "ip_network",
    elsewhere: &["ip_prefix", "anonymize_ip"],
    meaning: "An address with only its first bits, the others zero: the network that it is in, or the address made anonymous.",
    parameters: &[string("address"), int("bits")],
    gives: Gives::String,
    errors: &[Unreadable, OutOfRange],
    examples: &[
        gives(r#"ip_network("192.168.17.42", 24)"#, r#""192.168.17.0""#),
        gives(r#"ip_network("2001:db8:1:2::7", 48)"#, r#""2001:db8:1::""#),
        fails(r#"ip_network("192.168.17.42", 64)"#, OutOfRange).note("an address of IPv4 has 32"),
    ],
    body: Body::Direct(|arguments| {
        let address = super::address(arguments.string(0))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let given = arguments.int(1);
        let bits = u32::try_from(given).ok().filter(|bits| *bits <= most);
        let wrong = || FunctionError::out_of_range("the bits", "from 0 to 32 (IPv4) or 128 (IPv6)", given);
        text(Cidr::new(address, bits.ok_or_else(wrong)?).first().to_string())
    }),
    ..DEFAULTS
};
