use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "from_code_point",
    aliases: &["chr"],
    meaning: "The character that has a number in Unicode.",
    parameters: &[int("number")],
    gives: Gives::String,
    errors: &[OutOfRange],
    examples: &[
        gives("from_code_point(65)", r#""A""#),
        gives("from_code_point(8364)", r#""€""#),
        fails("from_code_point(55296)", OutOfRange).note("half of a pair in UTF-16 is no character"),
    ],
    body: Body::Direct(|arguments| {
        let number = arguments.int(0);
        let character = u32::try_from(number).ok().and_then(char::from_u32);
        let unknown = || FunctionError::out_of_range("the number", "that of a character", number);
        text(character.ok_or_else(unknown)?.to_string())
    }),
    ..DEFAULTS
};
