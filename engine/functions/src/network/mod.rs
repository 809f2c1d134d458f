//! Functions of network addresses, URLs and e-mail addresses.

mod cidr;
mod url;

use crate::define::*;
use std::net::IpAddr;

crate::define::functions! {
    is_ipv4, is_ipv6, ip_in_cidr, ip_network, ip_is_private, url_scheme, url_host, url_port, url_path, url_query,
    url_parameter, url_parameters, email_domain, email_local, is_email,
}

fn address(text: &str) -> Result<IpAddr, FunctionError> {
    text.parse().map_err(|_| FunctionError::unreadable("an IP address", text))
}

/// What stands before and behind the last `@`; neither is empty.
fn email_parts(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let there = !local.is_empty() && !domain.is_empty() && !domain.contains(char::is_whitespace);
    there.then_some((local, domain))
}
