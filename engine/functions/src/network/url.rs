//! The parts of a URL as RFC 3986 (section 3) divides it. Nothing is decoded, and nothing is refused: what is not there is none.

use percent_encoding::percent_decode_str;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Url<'a> {
    pub(super) scheme: Option<&'a str>,
    /// Without user and port; an address of IPv6 with its brackets.
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Url<'a> {
    pub(super) fn new(text: &'a str) -> Url<'a> {
        let text = text.trim();
        let (text, _fragment) = text.split_once('#').unwrap_or((text, ""));
        let (text, query) = text.split_once('?').map_or((text, None), |(text, query)| (text, Some(query)));
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let Some(rest) = rest.strip_prefix("//") else {
            return Url { scheme, host: None, port: None, path: rest, query };
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // The colons of an address of IPv6 stand before its bracket.
        let after_bracket = host_and_port.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match host_and_port[after_bracket..].find(':') {
            Some(at) => {
                let (host, port) = host_and_port.split_at(after_bracket + at);
                (host, Some(&port[1..]))
            }
            None => (host_and_port, None),
        };
        Url { scheme, host: (!host.is_empty()).then_some(host), port, path, query }
    }
}

impl<'a> Url<'a> {
    /// Names and values of the query, decoded, in their order.
    pub(super) fn parameters(self) -> impl Iterator<Item = (String, String)> + 'a {
        let pairs = self.query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(a, b)| (decoded(a), decoded(b)))
    }
}

/// Bytes that are no UTF-8 become the character for what is unknown.
fn decoded(part: &str) -> String {
    percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn is_scheme(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(rest)
}
