use crate::define::*;
use tidegate_model::value::parse_decimal;

pub(crate) static FUNCTION: Function = Function {
    name: "parse_decimal",
    elsewhere: &["to_number", "to_decimal"],
    meaning: "A decimal as people write it: with marks between thousands, and a point or another mark before the fraction.",
    parameters: &[string("text"), int("scale").constant(), string("mark").or("\".\"")],
    gives: Gives::Computed { shown: "decimal(38, scale)", of: |site| scale_argument(site, 1) },
    errors: &[Unreadable],
    examples: &[
        gives(r#"parse_decimal("1,234,567.50", 2)"#, "1234567.50"),
        gives(r#"parse_decimal("-1.234,5", 2, ",")"#, "-1234.50"),
        gives(r#"parse_decimal("1 234", 0)"#, "1234").note("spaces between thousands too"),
        fails(r#"parse_decimal("1.005", 2)"#, Unreadable).note("digits are never dropped"),
        fails(r#"parse_decimal("EUR 5", 2)"#, Unreadable),
    ],
    body: Body::Direct(|arguments| {
        let whole = arguments.string(0);
        let mark = arguments.optional_string(2).unwrap_or(".");
        let unreadable = || FunctionError::unreadable("a decimal of this scale", whole);
        let (integer, fraction) = match whole.split_once(mark) {
            Some((integer, fraction)) if !mark.is_empty() => (integer, Some(fraction)),
            _ => (whole, None),
        };
        // Marks between thousands stand between digits; behind the fraction's mark there are digits only.
        let mut plain: String = integer.trim().chars().filter(|c| !GROUP_MARKS.contains(c)).collect();
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction.trim_end());
        }
        let digits = plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
        let scale = arguments.gives.scale();
        let value = parse_decimal(plain.as_bytes(), scale).filter(|_| digits);
        value.map(Value::Decimal).ok_or_else(unreadable)
    }),
    ..DEFAULTS
};

/// With the two spaces that do not break.
const GROUP_MARKS: [char; 8] = [',', '.', ' ', '\'', '_', '’', '\u{a0}', '\u{202f}'];
