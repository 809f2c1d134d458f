use crate::define::*;
use crate::decimal::{Rounding, divide_by_power};
use tidegate_model::value::write_decimal;

pub(crate) static FUNCTION: Function = Function {
    name: "format_number",
    elsewhere: &["to_text", "number_format"],
    meaning: "A number as people read it: thousands apart, and so many digits behind the point; half goes away from zero.",
    parameters: &[number("value"), int("digits").constant().or("0"), string("group").or("\",\""), string("mark").or("\".\"")],
    gives: Gives::String,
    examples: &[
        gives("format_number(1234567.891, 2)", r#""1,234,567.89""#),
        gives(r#"format_number(1234567.5, 2, ".", ",")"#, r#""1.234.567,50""#),
        gives("format_number(-999.5)", r#""-1,000""#).note("rounding may add a digit"),
        refused("format_number(1, 20)", "between 0 and 18"),
    ],
    body: Body::Prepared(|site| {
        let digits = site.int(1).unwrap_or(0);
        let known = u8::try_from(digits).ok().filter(|digits| *digits <= DIGITS_MAX);
        let bad = || BadArgument::new(1, format!("the digits must be between 0 and {DIGITS_MAX}"));
        let digits = known.ok_or_else(bad)?;
        Ok(Arc::new(move |arguments| {
            let plain = match arguments.value(0) {
                Value::Float(value) if !value.is_finite() => return text(value.to_string()),
                Value::Float(value) => format!("{value:.*}", usize::from(digits)),
                Value::Decimal(value) => decimal(*value, arguments.scale(0), digits),
                _ => decimal(i128::from(arguments.int(0)), 0, digits),
            };
            let group = arguments.optional_string(2).unwrap_or(",");
            let mark = arguments.optional_string(3).unwrap_or(".");
            bounded_text(grouped(&plain, group, mark))
        }))
    }),
    errors: &[TooLong],
    ..DEFAULTS
};

const DIGITS_MAX: u8 = 18;

/// With just so many digits behind the point.
fn decimal(value: i128, scale: u8, digits: u8) -> String {
    let kept = digits.min(scale);
    let value = divide_by_power(value, u32::from(scale - kept), Rounding::HalfUp);
    let mut out = Vec::new();
    write_decimal(value, kept, &mut out);
    if kept == 0 && digits > 0 {
        out.push(b'.');
    }
    out.resize(out.len() + usize::from(digits - kept), b'0');
    String::from_utf8(out).expect("digits are ASCII")
}

/// `-1234.50` with marks between thousands.
fn grouped(plain: &str, group: &str, mark: &str) -> String {
    let (sign, unsigned) = plain.strip_prefix('-').map_or(("", plain), |unsigned| ("-", unsigned));
    let (integer, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(a, b)| (a, Some(b)));
    let mut out = sign.to_owned();
    for (place, digit) in integer.chars().enumerate() {
        if place > 0 && (integer.len() - place).is_multiple_of(3) {
            out.push_str(group);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push_str(mark);
        out.push_str(fraction);
    }
    out
}
