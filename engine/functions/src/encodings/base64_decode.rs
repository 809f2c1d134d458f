use crate::define::*;
use super::utf8;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

pub(crate) static FUNCTION: Function = Function {
    name: "base64_decode",
    elsewhere: &["from_base64", "unbase64"],
    meaning: "The text whose bytes are written in Base64, in the usual alphabet or that of URLs, with or without `=` at its end. It gives a string; `bytes(…)` reads Base64 as bytes that need be no text.",
    parameters: &[string("text")],
    gives: Gives::String,
    errors: &[Unreadable],
    examples: &[
        gives(r#"base64_decode("dGlkZQ==")"#, r#""tide""#),
        gives(r#"base64_decode("dGlkZQ")"#, r#""tide""#).note("the end may be left out"),
        fails(r#"base64_decode("dGl*")"#, Unreadable),
        fails(r#"base64_decode("/w==")"#, Unreadable).note("the bytes are no text in UTF-8"),
    ],
    body: Body::Direct(|arguments| {
        let encoded = arguments.string(0);
        let url = encoded.contains(['-', '_']);
        let bytes = if url { URL.decode(encoded) } else { STANDARD.decode(encoded) };
        utf8(bytes.ok(), "Base64 of a text", encoded)
    }),
    ..DEFAULTS
};

const ANY_END: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_END);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_END);
