use crate::define::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

pub(crate) static FUNCTION: Function = Function {
    name: "strip_accents",
    elsewhere: &["unaccent", "remove_accents"],
    meaning: "The text with its letters without accents; letters that are not made of a letter and a mark stay.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"strip_accents("Crème brûlée")"#, r#""Creme brulee""#),
        gives(r#"strip_accents("Øresund")"#, r#""Øresund""#).note("ø is a letter of its own"),
    ],
    body: Body::Direct(|arguments| {
        let letters = arguments.string(0).nfd().filter(|c| !is_combining_mark(*c));
        text(letters.nfc().collect::<String>())
    }),
    ..DEFAULTS
};
