//! What a long `rolling` keeps, told where `granularity` would keep less.

use crate::ast::{RollingRange, RollingStep};
use crate::diagnostic::{Diagnostic, codes};
use crate::lower::Lowerer;
use tidegate_model::plan::{AggregateCall, Rolling};
use tidegate_model::{ScalarType, Span};

const HOUR: i64 = 3_600_000_000;
/// Ranges up to this are taken as they are: few events of a key lie in them, or no range would do.
const LONG: i64 = 7 * 24 * HOUR;
/// A key's events are one record of the changelog; this is Kafka's default for its size.
const RECORD_BYTES: i64 = 1 << 20;

impl Lowerer<'_> {
    /// `key`: as the file would write it.
    pub(super) fn long_range(&mut self, step: &RollingStep, rolling: &Rolling, key: &str) {
        let RollingRange::Time(range) = &step.range else { return };
        if range.node <= LONG || step.granularity.is_some() {
            return;
        }
        let length = Span::from_micros(range.node);
        let bytes = event_bytes(&rolling.functions);
        let events = RECORD_BYTES / bytes;
        let hourly = (events / (range.node / HOUR)).max(1);
        let mut diagnostic = Diagnostic::warning(
            codes::ROLLING_STATE,
            range.span,
            format!("each event of {length} is kept for every `{key}`, one by one"),
        )
        .here(format!("about {bytes} bytes for an event"))
        .note(format!(
            "one `{key}` has room for 1 MiB: about {} events, {} an hour; with more the topology stops",
            rounded(events),
            rounded(hourly)
        ));
        if range.node % HOUR == 0 {
            diagnostic = diagnostic.note(format!(
                "with `granularity 1h` behind the key a sum for each hour is kept in their place, at most {} for one `{key}`",
                range.node / HOUR + 1
            ));
        }
        self.diagnostics.push(diagnostic);
    }
}

/// What the engine writes for one event: how long after the one before, and the functions' arguments.
fn event_bytes(functions: &[AggregateCall]) -> i64 {
    const TIME: i64 = 6;
    let argument = |call: &AggregateCall| match call.argument.as_ref().map(|argument| argument.ty) {
        None => 0,
        Some(ScalarType::Bool) => 2,
        Some(ScalarType::Int | ScalarType::Decimal { .. } | ScalarType::Date) => 4,
        Some(ScalarType::Float | ScalarType::Timestamp | ScalarType::Duration) => 9,
        Some(ScalarType::Enum(_)) => 10,
        Some(ScalarType::Uuid) => 17,
        Some(_) => 20,
    };
    TIME + functions.iter().map(argument).sum::<i64>()
}

/// To two digits, since more would say more than is known: `95,000`.
fn rounded(number: i64) -> String {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    let number = number / unit * unit;
    match (number / 1_000_000, number / 1000 % 1000, number % 1000) {
        (0, 0, ones) => ones.to_string(),
        (0, thousands, ones) => format!("{thousands},{ones:03}"),
        (millions, thousands, ones) => format!("{millions},{thousands:03},{ones:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn figures_have_two_digits() {
        let shown = [7, 99, 132, 95_325, 1_250_000].map(rounded);
        assert_eq!(shown, ["7", "99", "130", "95,000", "1,200,000"]);
    }
}
