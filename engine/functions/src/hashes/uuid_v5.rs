use crate::define::*;
use crate::hex::{hex, uuid_bytes};
use sha1::{Digest, Sha1};

pub(crate) static FUNCTION: Function = Function {
    name: "uuid_v5",
    meaning: "The UUID of version 5 for a name within a namespace (a UUID, or `dns`, `url`, `oid`, `x500`): the same name gives the same id.",
    parameters: &[string("namespace"), string("name")],
    gives: Gives::String,
    errors: &[Unreadable],
    examples: &[
        gives(r#"uuid_v5("dns", "www.example.com")"#, r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#),
        gives(
            r#"uuid_v5("6ba7b811-9dad-11d1-80b4-00c04fd430c8", "https://example.com") == uuid_v5("url", "https://example.com")"#,
            "true",
        ),
        fails(r#"uuid_v5("orders", "42")"#, Unreadable).note("not a namespace"),
    ],
    body: Body::Direct(|arguments| {
        let namespace = arguments.string(0);
        let known = NAMESPACES.iter().find(|(name, _)| *name == namespace).map(|(_, uuid)| *uuid);
        let bytes = uuid_bytes(known.unwrap_or(namespace));
        let bytes = bytes.ok_or_else(|| FunctionError::unreadable("a UUID", namespace))?;
        let mut digest = Sha1::new();
        digest.update(bytes);
        digest.update(arguments.string(1));
        let mut id: [u8; 16] = [0; 16];
        id.copy_from_slice(&digest.finalize()[..16]);
        // Version and variant, RFC 9562, section 5.5.
        id[6] = id[6] & 0x0f | 0x50;
        id[8] = id[8] & 0x3f | 0x80;
        let digits = hex(&id);
        let (a, b, c, d, e) =
            (&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
        text(format!("{a}-{b}-{c}-{d}-{e}"))
    }),
    ..DEFAULTS
};

/// RFC 9562, section 6.6.
const NAMESPACES: [(&str, &str); 4] = [
    ("dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ("url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"),
    ("oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"),
    ("x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"),
];
