//! The keys of the YAML form and what stands behind each. The reader takes these keys, and the JSON Schema is written from them.

use super::shape::Shape::*;
use super::shape::{Field, Shape, Table, may, must, table, word};
use tidegate_model::test_case::DELETED;

pub(super) static TOPOLOGY: Table = table(
    "topology",
    &[
        word("topology", "topology", Name),
        word("use", "use", Files(&Names)),
        word("types", "type", Named(&Type)),
        word("enums", "enum", Named(&Some(&Text))),
        word("params", "param", Named(&Map(&PARAM))),
        word("functions", "fn", Named(&Map(&FUNCTION))),
        word("sources", "source", Named(&Map(&SOURCE))),
        word("tables", "table", Named(&Either(&[Map(&TABLE), Map(&STREAM)]))),
        word("streams", "stream", Named(&Map(&STREAM))),
        word("sinks", "sink", Named(&Either(&[Map(&SINK), List(&Map(&SINK))]))),
        word("serve", "serve", Named(&Text)),
        word("tests", "test", List(&Map(&TEST))),
    ],
);

pub(super) static PARAM: Table = table(
    "param",
    &[
        must("type", Type, "The type of the param's value."),
        must(
            "value",
            Value,
            "A constant, or `env(\"NAME\", default)`: what the environment says at the start.",
        ),
    ],
);

pub(super) static FUNCTION: Table = table(
    "function",
    &[
        may("arguments", Named(&Type), "The arguments with their types, in their order."),
        must("returns", Type, "The type of the result."),
        must("body", Value, "The result. It sees the arguments and the params, and not the event."),
    ],
);

/// The keys of a source, table or sink that say where its events are.
pub(super) const SOURCE_PLACES: &[&str] = &["kafka", "embedded", "http.poll", "generate"];
pub(super) const SINK_PLACES: &[&str] = &["kafka", "embedded", "http", "websocket"];
pub(super) const TOPICS: &[&str] = &["kafka", "embedded"];

const KAFKA: Field = may("kafka", TOPIC_SHAPE, "The topic: its name, or its name with options.");
const EMBEDDED: Field = may(
    "embedded",
    TOPIC_SHAPE,
    "The same as `kafka`: where a topology runs is said by `run`, not by the file.",
);
const KEY: Field =
    may("key", Path, "The field that is the key of the topic's records: what producers partition by.");
const TIME_SHAPE: Shape = Either(&[Path, Map(&TIME)]);
const TIME_CLAUSE: Field = may(
    "time",
    TIME_SHAPE,
    "The field that is the event time. Without it, it is the time that the record has in Kafka.",
);
const MALFORMED: Field = may(
    "malformed",
    Map(&ROUTE),
    "Where records go that cannot be read; without it the topology stops before such a record.",
);

pub(super) static SOURCE: Table = Table {
    name: "source",
    fields: &[
        must("type", Type, "The type of the events: fields that it does not name are passed over."),
        KEY,
        TIME_CLAUSE,
        MALFORMED,
        KAFKA,
        EMBEDDED,
        may("http.poll", Map(&HTTP_POLL), "Asks an address again and again; what it answers are the events."),
        may("generate", Map(&GENERATE), "Makes events up, for demonstrations."),
    ],
    one_of: &[SOURCE_PLACES],
    is_filled: false,
};

pub(super) static TIME: Table = table(
    "time",
    &[
        must("field", Path, "The field that is the event time: a timestamp that is always there."),
        may(
            "out_of_order",
            Duration,
            "How much earlier than the latest one an event may be and still be in time.",
        ),
        may("idle", Duration, "A partition that is silent for so long holds the others back no longer."),
        may("ahead", Duration, "An event that is farther ahead of the machine's clock is malformed."),
    ],
);

pub(super) static HTTP_POLL: Table = table(
    "http_poll",
    &[
        must("url", Text, "The address, or `env(\"NAME\")`, or `param.NAME`."),
        must("every", Expression, "How often it is asked."),
        may("items", Text, "Where in an answer the events are: `$.data.stations[*]`."),
    ],
);

pub(super) static GENERATE: Table = table(
    "generate",
    &[
        must(
            "fields",
            Value,
            "How each field is made up: a plain value, `pick(…)`, `between(low, high)`, `sequence()`, `now()`, `chance(0.1)`.",
        ),
        must("every", Expression, "The time from one event to the next."),
        may("seed", Expression, "Another number gives other events, the same one the same."),
        may("count", Expression, "How many events there are; without it they never end."),
    ],
);

pub(super) static TABLE: Table = Table {
    name: "table",
    fields: &[
        must("type", Type, "The type of the rows."),
        may("global", Flag, "Every worker holds all rows, so that a join with it needs no repartition."),
        KAFKA,
        EMBEDDED,
        KEY,
        may(
            "history",
            Duration,
            "How long a row that was replaced can be asked for with `as_of`; without it for ever.",
        ),
        word("ttl", "ttl", Duration),
        MALFORMED,
    ],
    one_of: &[TOPICS],
    is_filled: false,
};

pub(super) static ROUTE: Table =
    Table { name: "route", fields: &[KAFKA, EMBEDDED], one_of: &[TOPICS], is_filled: false };

const TOPIC_SHAPE: Shape = Either(&[Text, Map(&TOPIC)]);

pub(super) static TOPIC: Table = table(
    "topic",
    &[
        must("topic", Text, "The topic's name."),
        may("format", Words(&["json"]), "How values are written; there is JSON."),
        may("key", Paths, "The fields that are the key of what a sink writes."),
        may("compacted", Either(&[Null, Flag]), "The topic keeps the last row of each key."),
        may(
            "decimals",
            Words(&["string", "number"]),
            "How a sink writes decimals; as strings they stay exact everywhere.",
        ),
        may("timestamps", Words(&["rfc3339", "millis"]), "How a sink writes times."),
    ],
);

pub(super) static STREAM: Table = Table {
    name: "stream",
    fields: &[
        may("from", Name, "The source, table or stream whose events it reads."),
        may("merge", Names, "Several whose events it reads, all of one type."),
        may("steps", List(&Step), "What happens to each event, from above to below."),
    ],
    one_of: &[&["from", "merge"]],
    is_filled: false,
};

pub(super) static SINK: Table = Table {
    name: "sink",
    fields: &[
        KAFKA,
        EMBEDDED,
        may("http", Either(&[Text, Map(&HTTP)]), "Sends each event to an address, at least once."),
        may(
            "websocket",
            Either(&[Text, Map(&WEBSOCKET)]),
            "Sends each event to those who are connected at a path.",
        ),
    ],
    one_of: &[SINK_PLACES],
    is_filled: false,
};

pub(super) static HTTP: Table = table(
    "http",
    &[
        must("url", Text, "The address, or `env(\"NAME\")`, or `param.NAME`."),
        may("method", Expression, "`post` (the default), `put` or `patch`."),
        may(
            "headers",
            Expression,
            "A map of texts: `{ \"Authorization\": \"Bearer ${env:CRM_TOKEN}\" }`; `${env:NAME}` is a secret that is read when a run starts.",
        ),
        may("timeout", Expression, "How long an answer is waited for: 30 seconds, or at most 45."),
        may(
            "retry",
            Expression,
            "`exponential(1s, 5m, 10)`: the first pause, the longest one, how many attempts or for how long; without it until it is taken.",
        ),
        may(
            "failed",
            Map(&ROUTE),
            "Where events go that could not be delivered; without it the topology stops.",
        ),
    ],
);

pub(super) static WEBSOCKET: Table = table(
    "websocket",
    &[
        must("path", Text, "The path, such as `/ws/stations`."),
        may("snapshot", Expression, "The table whose rows are sent first."),
    ],
);

/// What may stand beside a step's word.
pub(super) static BESIDE: Table = table(
    "beside",
    &[
        may(
            "as",
            Name,
            "The step's name, and that of its store. Two steps with state and the same word in a stream need names.",
        ),
        may(
            "errors",
            Map(&ROUTE),
            "Where events go that the step's expressions fail for; without it the topology stops at one.",
        ),
    ],
);

/// The words that steps begin with.
pub(super) static STEPS: Table = table(
    "step",
    &[
        word("filter", "filter", Expression),
        word("map", "map", Value),
        word("select", "select", Paths),
        word("drop", "drop", Paths),
        word("add", "add", Named(&Value)),
        word("group_by", "group", By),
        word("repartition_by", "repartition", By),
        word("window", "window", Map(&WINDOW)),
        word("aggregate", "aggregate", Named(&Expression)),
        word("rolling", "rolling", Map(&ROLLING)),
        word("join", "join", Map(&JOIN)),
        word("left_join", "left", Map(&JOIN)),
        word("outer_join", "outer", Map(&JOIN)),
        may("match", Map(&MATCH), "Finds sequences of events of one key."),
        word("branch", "branch", SomeNamed(&Expression)),
        word("via", "via", Map(&VIA)),
        word("latest_by", "latest", By),
        word("changes", "changes", Either(&[Null, Map(&CHANGES)])),
        word("top", "top", Map(&TOP)),
        word("schedule", "schedule", Map(&SCHEDULE)),
        word("expand", "expand", Map(&EXPAND)),
        may(
            "left_expand",
            Map(&EXPAND),
            "As `expand`, and an empty list gives one event without an element.",
        ),
        word("flat_map", "flat", Expression),
        word("dedupe", "dedupe", Map(&DEDUPE)),
        word("emit", "emit", Either(&[Words(&["final", "changes"]), Map(&EMIT)])),
        word("ttl", "ttl", Duration),
    ],
);

const BY_KEY: Field = must("by", By, "The key: a field, or several.");

pub(super) static WINDOW: Table = Table {
    name: "window",
    fields: &[
        may("tumbling", Duration, "Windows of this length, one behind the other."),
        may("hopping", Map(&SIZE_EVERY), "Windows of a length, one beginning after each step."),
        may("sliding", Duration, "A window of this length that ends at each event."),
        may("session", Map(&SESSION), "Events that follow one another within a gap."),
        may("cumulate", Map(&SIZE_EVERY), "Windows of a length, given out at each step so far."),
        may("in", Text, "The time zone that days and hours begin in, such as `Europe/Paris`."),
        may("offset", Duration, "Windows begin so much later."),
        may("grace", Duration, "A window is final so long after its end; later events are late."),
        may("late", Map(&ROUTE), "Where late events go; without it they are counted, and gone."),
    ],
    one_of: &[&["tumbling", "hopping", "sliding", "session", "cumulate"]],
    is_filled: false,
};

pub(super) static SIZE_EVERY: Table = table(
    "size_every",
    &[must("size", Duration, "The length of a window."), must("every", Duration, "The step.")],
);

pub(super) static SESSION: Table =
    table("session", &[must("gap", Duration, "A session ends when no event came for so long.")]);

pub(super) static ROLLING: Table = Table {
    name: "rolling",
    fields: &[
        may("range", Duration, "How far back it reaches."),
        may("rows", Count, "How many events back it reaches."),
        BY_KEY,
        may("excluding_current", Flag, "The event itself does not count."),
        may("granularity", Duration, "Events are kept in parts of this length: less state, a coarser edge."),
        may(
            "ordered",
            Flag,
            "Events are taken in the order of their time; each waits until none can come before it.",
        ),
        must("fields", Named(&Expression), "The fields that are added, each an aggregate."),
        may(
            "late",
            Map(&ROUTE),
            "With `ordered`: where late events go; without it they are counted, and gone.",
        ),
    ],
    one_of: &[&["range", "rows"]],
    is_filled: false,
};

pub(super) static JOIN: Table = Table {
    name: "join",
    fields: &[
        may("table", Name, "The table whose row is added."),
        may("stream", Name, "The stream whose events are added; it needs `within`."),
        may("as", Name, "What the row is called; without it, the name of the table or stream."),
        may("by", By, "The value, or values, that the table's key is looked up with."),
        may("on", Expression, "A condition; its equalities of a field of each side are the key."),
        may("within", Either(&[Duration, Map(&WITHIN)]), "How far apart two events of streams may be."),
        may("as_of", Expression, "A time: the row is the one that was valid then."),
        may("where", Expression, "Rows for which this is not true are none."),
        may("grace", Duration, "How much longer partners of an event are waited for; of two streams."),
        may(
            "late",
            Map(&ROUTE),
            "Where events go that come later than that; without it they are counted, and gone.",
        ),
    ],
    one_of: &[&["table", "stream"], &["by", "on"]],
    is_filled: false,
};

pub(super) static WITHIN: Table = Table {
    name: "within",
    fields: &[
        may("before", Duration, "The other event came before this one, by so much at most."),
        may("after", Duration, "The other event came after this one, by so much at most."),
    ],
    one_of: &[],
    is_filled: true,
};

pub(super) static MATCH: Table = table(
    "match",
    &[
        BY_KEY,
        must("within", Duration, "The time from the first event to the last."),
        must("events", Some(&Text), "The events in their order, such as `b if b.country != a.country`."),
        may(
            "skip",
            Text,
            "Where the search goes on behind a match: `to next`, `past last`, `to first b`, `to last b`.",
        ),
        may("late", Map(&ROUTE), "Where late events go; without it they are counted, and gone."),
    ],
);

pub(super) static VIA: Table = Table {
    name: "via",
    fields: &[KAFKA, EMBEDDED, KEY, TIME_CLAUSE, MALFORMED],
    one_of: &[TOPICS],
    is_filled: false,
};

pub(super) static CHANGES: Table = table(
    "changes",
    &[must("where", Expression, "Only changes for which this is true; `old` is the row before.")],
);

pub(super) static TOP: Table = table(
    "top",
    &[
        must("count", Count, "How many rows there are."),
        must("by", By, "The order: `amount` for the largest first, `amount asc` for the smallest."),
        may("per", By, "Each of these has rows of its own."),
    ],
);

pub(super) static SCHEDULE: Table = table(
    "schedule",
    &[
        must("at", Expression, "The time at which the event is given out."),
        BY_KEY,
        may("replace", Flag, "A new event of the key takes the place of the one that waits."),
        may("cancel_when", Expression, "An event for which this is true takes the waiting one away."),
        may("wall_clock", Flag, "By the machine's clock, and not by event time."),
    ],
);

pub(super) static EXPAND: Table =
    table("expand", &[must("list", Expression, "The list."), must("as", Name, "What an element is called.")]);

pub(super) static DEDUPE: Table = table(
    "dedupe",
    &[BY_KEY, must("within", Duration, "After so long the key's next event is a first one again.")],
);

pub(super) static EMIT: Table =
    table("emit", &[must("every", Duration, "How often rows that changed are given out.")]);

pub(super) static TEST: Table = table(
    "test",
    &[
        must("name", Text, "What is so: it is shown when the test runs."),
        may("for", One(&Some(&Row)), "A name and its rows: one test for each, in which the name is the row."),
        must("steps", List(&Map(&TEST_STEP)), "What happens, from above to below."),
    ],
);

const ASIDE: Shape = PathNamed(&List(&Row));

pub(super) static TEST_STEP: Table = table(
    "test_step",
    &[
        may("feed", Named(&Some(&Row)), "Rows for sources and tables."),
        may(
            "feed_raw",
            Named(&Some(&Either(&[Text, Map(&RAW)]))),
            "Records as they are, to see what is malformed.",
        ),
        may("file", Named(&Text), "A file beside the topology for each source: its lines are the records."),
        may("delete", Named(&Text), "Deletes a key from each of these tables."),
        may("advance_to", Moment, "Moves event time, so that windows end and waiting rows are given out."),
        may(
            "expect",
            Named(&List(&Either(&[Row, Map(&DELETED_ROW)]))),
            "The rows that each stream has given since the last expectation; `{ null key: c1 }` for a table's row that was deleted.",
        ),
        may("expect_errors", ASIDE, "What `errors` of a step has set aside: `alerts.map`."),
        may("expect_malformed", ASIDE, "What `malformed` of a source has set aside."),
        may("expect_late", ASIDE, "What `late` of a stream has set aside."),
        may("snapshot", Name, "Compares what a stream has given with a kept file."),
    ],
);

/// An expected row that says that a table's row was deleted.
static DELETED_ROW: Table = table(
    "deleted_row",
    &[must(DELETED, Text, "The key of a table's row that was deleted, as the topic has it.")],
);

pub(super) static RAW: Table = table(
    "raw",
    &[must("text", Text, "The bytes of the record's value."), may("key", Text, "The record's key.")],
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::TAKES;

    /// The reader passes what a connector is given on; the check says what there is.
    #[test]
    fn connectors_take_what_the_check_takes() {
        for (table, word) in
            [(&HTTP_POLL, "http.poll"), (&GENERATE, "generate"), (&HTTP, "http"), (&WEBSOCKET, "websocket")]
        {
            let takes = TAKES.iter().find(|takes| takes.word == word).expect("it is a connector");
            let mut checked: Vec<&str> = takes.options.iter().chain(takes.routes).copied().collect();
            let mut here = table.names();
            here.retain(|name| !["url", "path", "fields"].contains(name));
            here.sort_unstable();
            checked.sort_unstable();
            assert_eq!(here, checked, "{word}");
        }
    }
}
