use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "decimal",
    meaning: "A text or number as a decimal with so many digits behind the point, exactly or not at all.",
    parameters: &[any("value"), int("scale").constant()],
    gives: Gives::Computed { shown: "decimal(38, scale)", of: |site| scale_argument(site, 1) },
    errors: &[BadCast, Inexact, Overflow],
    examples: &[
        gives(r#"decimal("12.5", 2)"#, "12.50"),
        gives("decimal(0.5e0, 1)", "0.5"),
        fails(r#"decimal("12.505", 2)"#, BadCast).note("digits are never dropped: use `round`"),
        refused("decimal(1, 40)", "between 0 and 18"),
    ],
    body: Body::Form(Form::Cast),
    ..DEFAULTS
};
