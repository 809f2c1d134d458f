//! What the words of the language mean, in a sentence each, for hovers and completion.

/// Words at the head of declarations, steps and lines of tests, each with its form and what it means.
pub const WORDS: &[(&str, &str, &str)] = &[
    (
        "topology",
        "topology NAME",
        "Names the topology: its stores, internal topics and consumer group are named after it.",
    ),
    (
        "use",
        "use \"FILE\" { NAME, … }",
        "Brings declarations of another file in, with all that they are made of.",
    ),
    ("type", "type NAME { FIELD: TYPE, … }", "Declares a record type."),
    ("enum", "enum NAME { VALUE, … }", "Declares a type of a few named values."),
    (
        "param",
        "param NAME: TYPE = VALUE",
        "A constant that may be set from outside: by `env(\"…\", default)` or by `--param`.",
    ),
    (
        "fn",
        "fn NAME(ARGUMENT: TYPE, …) -> TYPE = EXPRESSION",
        "A function; it is put in place where it is called, and sees only its arguments and the params.",
    ),
    (
        "source",
        "source NAME: TYPE = kafka(\"TOPIC\") key FIELD time FIELD",
        "Events from outside, with their type, key and event time.",
    ),
    (
        "global",
        "global table NAME: TYPE = kafka(\"TOPIC\") key FIELD",
        "A table of which every worker holds all rows: a join with it needs no repartition.",
    ),
    (
        "table",
        "table NAME: TYPE = kafka(\"TOPIC\") key FIELD",
        "The last row of each key, from a compacted topic or made of a stream.",
    ),
    ("stream", "stream NAME = INPUT |> STEP |> …", "Events that are made of other events, step by step."),
    ("sink", "sink STREAM -> kafka(\"TOPIC\")", "Where the events of a stream leave."),
    ("serve", "serve TABLE at \"/PATH/{KEY}\"", "Answers requests with rows of a table."),
    ("test", "test \"NAME\" { … }", "Feeds inputs, moves time and expects rows: run by `tidegate test`."),
    ("filter", "filter CONDITION", "Keeps the events for which the condition is true; null counts as false."),
    ("map", "map { FIELD: VALUE, … }", "Makes a new event of each; a `match` may drop some."),
    ("select", "select FIELD, …", "Keeps these fields."),
    ("drop", "drop FIELD, …", "Leaves these fields out."),
    ("add", "add { FIELD: VALUE, … }", "Adds fields to each event, or changes them."),
    ("group", "group by FIELD, …", "The key of the `aggregate` behind it."),
    (
        "repartition",
        "repartition by FIELD, …",
        "Sends events through an internal topic, so that those of one key meet.",
    ),
    (
        "window",
        "window tumbling 1h, grace 10m, late -> kafka(\"TOPIC\")",
        "Cuts time into windows for the `aggregate` behind it: tumbling, hopping, sliding, session or cumulate.",
    ),
    (
        "aggregate",
        "aggregate { FIELD: sum(VALUE), … }",
        "One row for each key, and for each window if there is one.",
    ),
    (
        "rolling",
        "rolling 5m by FIELD { FIELD: count(), … }",
        "Adds to each event what the events of its key before it gave, itself included.",
    ),
    (
        "join",
        "join TABLE as NAME by KEY",
        "Adds the row of a table, or the events of another stream within a time; events without one are left out.",
    ),
    (
        "left",
        "left join TABLE as NAME by KEY",
        "As `join`, and events without a row go on: the row is then null.",
    ),
    (
        "outer",
        "outer join STREAM as NAME within 10m by KEY",
        "As `left join`, and what the other has alone goes on too.",
    ),
    (
        "match",
        "match by KEY within 1h { a, b if b.FIELD != a.FIELD }, skip past last",
        "Finds sequences of events of one key. In expressions: chooses by value.",
    ),
    (
        "branch",
        "branch { NAME if CONDITION, else NAME }",
        "Sends each event to the first stream whose condition holds.",
    ),
    (
        "via",
        "via kafka(\"TOPIC\")",
        "Sends events through a topic of yours: they are kept there and can be read again.",
    ),
    ("latest", "latest by KEY", "A table of the last event of each key."),
    (
        "changes",
        "changes where CONDITION",
        "The rows of a table as they change, each with the row before it as `old`.",
    ),
    ("top", "top 10 by FIELD desc per KEY", "A table of the first rows in an order."),
    (
        "schedule",
        "schedule at TIME by KEY, replace, cancel when CONDITION, wall clock",
        "Gives each event out when its time comes.",
    ),
    ("expand", "expand LIST as NAME", "One event for each element of a list."),
    ("flat", "flat map LIST", "Each element of a list becomes an event."),
    ("dedupe", "dedupe by KEY within 10m", "Keeps the first event of each key within a time."),
    (
        "expect",
        "expect STREAM == [ { FIELD: VALUE, .. } ]",
        "Compares what a stream gave since the last expectation; `..` leaves fields open.",
    ),
    ("advance", "advance to @12:00", "Moves the test's time on: windows close, timers come."),
    ("snapshot", "snapshot STREAM", "Compares what a stream gives with a kept file."),
    ("emit", "emit final", "When an aggregate gives rows out: `final`, `changes` or `every 10s`."),
    ("ttl", "ttl 30d", "A row of a table whose time is so far behind the watermark is deleted."),
];

/// The form and the meaning of a word.
pub(crate) fn meaning(word: &str) -> Option<(&'static str, &'static str)> {
    WORDS.iter().find(|(known, ..)| *known == word).map(|(_, form, meaning)| (*form, *meaning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{DECLARATIONS, STEPS};

    #[test]
    fn every_declaration_and_step_has_its_sentence() {
        for words in DECLARATIONS.iter().chain(&STEPS) {
            // `flat map` is known by its first word.
            let word = words.split(' ').next().expect("a word");
            assert!(
                meaning(word).is_some_and(|(form, meaning)| form.contains(word) && meaning.ends_with('.')),
                "{word}"
            );
        }
    }
}
