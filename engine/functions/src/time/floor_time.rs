use crate::define::*;

use tidegate_model::{EventTime, Span};

pub(crate) static FUNCTION: Function = Function {
    name: "floor_time",
    elsewhere: &["time_bucket", "date_bin"],
    meaning: "The start of the step of this length that holds an instant; steps are counted from the epoch, in UTC.",
    parameters: &[timestamp("time"), duration("step")],
    gives: Gives::Timestamp,
    errors: &[DivisionByZero],
    examples: &[
        gives("floor_time(@2026-01-01T10:07:30Z, 5m)", "@2026-01-01T10:05:00Z"),
        gives("floor_time(@1969-12-31T23:59:59Z, 1h)", "@1969-12-31T23:00:00Z").note("before the epoch too"),
        fails("floor_time(@2026-01-01T10:07:30Z, 0s)", DivisionByZero).note("a step has a length"),
    ],
    body: Body::Direct(|arguments| {
        let step = arguments.duration(1);
        if step <= 0 {
            return Err(FunctionError::DivisionByZero);
        }
        let time = EventTime::from_micros(arguments.timestamp(0));
        Ok(Value::Timestamp(time.floor_to(Span::from_micros(step)).micros()))
    }),
    ..DEFAULTS
};
