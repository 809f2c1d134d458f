use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "replace",
    meaning: "The text with another part in each place where a part was.",
    parameters: &[string("text"), string("part"), string("by")],
    gives: Gives::String,
    errors: &[TooLong],
    examples: &[
        gives(r#"replace("1.234.567", ".", "")"#, r#""1234567""#),
        gives(r#"replace("aaa", "aa", "b")"#, r#""ba""#).note("from the left, none overlapping"),
        gives(r#"replace("abc", "", "-")"#, r#""abc""#).note("the empty part is replaced nowhere"),
    ],
    body: Body::Direct(|arguments| {
        let (whole, part, by) = (arguments.string(0), arguments.string(1), arguments.string(2));
        if part.is_empty() {
            return text(whole);
        }
        // Counted first, so that nothing is made that is too long.
        let count = whole.matches(part).count();
        let length = (whole.len() - count * part.len()).saturating_add(count.saturating_mul(by.len()));
        if by.len() > part.len() && length > TEXT_BYTES_MAX {
            return Err(FunctionError::TooLong);
        }
        text(whole.replace(part, by))
    }),
    ..DEFAULTS
};
