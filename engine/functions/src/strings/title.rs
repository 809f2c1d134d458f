use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "title",
    aliases: &["initcap"],
    elsewhere: &["proper", "titlecase"],
    meaning: "Each word with its first letter in upper case and the others in lower case.",
    parameters: &[string("text")],
    gives: Gives::String,
    examples: &[
        gives(r#"title("JAN de vries")"#, r#""Jan De Vries""#),
        gives(r#"title("anne-marie")"#, r#""Anne-Marie""#).note("a word ends where letters and digits end"),
        gives(r#"title("3rd")"#, r#""3rd""#),
    ],
    body: Body::Direct(|arguments| {
        let mut titled = String::new();
        let mut inside = false;
        for c in arguments.string(0).chars() {
            match (c.is_alphanumeric(), inside) {
                (true, false) => titled.extend(c.to_uppercase()),
                (true, true) => titled.extend(c.to_lowercase()),
                (false, _) => titled.push(c),
            }
            inside = c.is_alphanumeric();
        }
        text(titled)
    }),
    ..DEFAULTS
};
