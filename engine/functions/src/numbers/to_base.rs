use crate::define::*;
use super::base::base;

pub(crate) static FUNCTION: Function = Function {
    name: "to_base",
    meaning: "An int in the digits 0 to 9 and a to z of a base from 2 to 36.",
    parameters: &[int("value"), int("base").constant()],
    gives: Gives::String,
    examples: &[
        gives("to_base(10, 2)", r#""1010""#),
        gives("to_base(-35, 36)", r#""-z""#).note("the sign stands before the digits"),
        refused("to_base(1, 64)", "between 2 and 36"),
    ],
    body: Body::Prepared(|site| {
        let base = u64::from(base(site, 1)?);
        Ok(Arc::new(move |arguments| {
            let value = arguments.int(0);
            let mut rest = value.unsigned_abs();
            let mut digits = Vec::new();
            loop {
                let digit = char::from_digit((rest % base) as u32, base as u32);
                digits.push(digit.expect("a rest is below its base"));
                rest /= base;
                if rest == 0 {
                    break;
                }
            }
            digits.extend((value < 0).then_some('-'));
            text(digits.iter().rev().collect::<String>())
        }))
    }),
    ..DEFAULTS
};
