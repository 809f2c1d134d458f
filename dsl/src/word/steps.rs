//! The pages of steps.

use super::Page;

const STORE: (&str, &str) = ("as NAME", "a name for its store, where a stream has two of them");
const ERRORS: (&str, &str) = (
    ", errors -> kafka(\"TOPIC\")",
    "where events go that the step fails for; without it the topology stops",
);

pub(super) const PAGES: &[Page] = &[
    Page {
        word: "filter",
        parts: &[("CONDITION", "of the event's fields; `it` is the event as a whole"), ERRORS],
        inside: &[],
        example: "|> filter amount > 10.00 and currency in [\"EUR\", \"USD\"]",
    },
    Page {
        word: "map",
        parts: &[
            (
                "{ FIELD: VALUE, … }",
                "the new event; `id` is short for `id: id`, `..it` for all fields that there are",
            ),
            ERRORS,
        ],
        inside: &[],
        example: "|> map { id, total: amount * 2, text: f\"{id} of {card}\" }\n|> map { ..it, large: total > 100.00 }",
    },
    Page {
        word: "select",
        parts: &[("FIELD, …", "names only; values are made by `map`"), ERRORS],
        inside: &[],
        example: "|> select id, card, amount",
    },
    Page {
        word: "drop",
        parts: &[("FIELD, …", "names only"), ERRORS],
        inside: &[],
        example: "|> drop note, tags",
    },
    Page {
        word: "add",
        parts: &[
            (
                "{ FIELD: VALUE, … }",
                "beside the fields that there are; a name that is there gets the new value",
            ),
            ERRORS,
        ],
        inside: &[],
        example: "|> add { large: amount > 100.00, note: note ?? \"none\" }",
    },
    Page {
        word: "group",
        parts: &[
            ("by KEY, …", "one field or more; they are the first of each row"),
            ("|> window …", "may be left out: one row for each key and window"),
            ("|> aggregate { … }", "what is computed"),
            ("|> emit …", "may be left out: when rows are given"),
        ],
        inside: &[],
        example: "|> group by currency\n|> window tumbling 1h, grace 10m, late -> kafka(\"payments.late\")\n|> aggregate { volume: sum(amount), payments: count() }\n|> emit final",
    },
    Page {
        word: "repartition",
        parts: &[("by KEY, …", "events of one key meet in one partition"), STORE, ERRORS],
        inside: &[],
        example: "|> repartition by id\n|> dedupe by id within 1h",
    },
    Page {
        word: "window",
        parts: &[
            ("tumbling 1h", "windows of an hour, one behind the other; or one of the four below"),
            ("hopping 10m every 5m", "windows that overlap"),
            ("sliding 10m", "a window that ends at each event"),
            ("session gap 30m", "a window that ends when nothing came for so long"),
            ("cumulate 1d every 1h", "a window that is given out as it fills"),
            ("in \"Europe/Berlin\"", "by the clocks of a time zone"),
            (", offset 30m", "windows begin so much later than the full hour"),
            (", grace 10m", "how long a window waits behind its end; 0s by default"),
            (
                ", late -> kafka(\"TOPIC\")",
                "where events go that come later still; without it they are only counted",
            ),
        ],
        inside: &[],
        example: "|> group by card\n|> window tumbling 1h, grace 10m, late -> kafka(\"payments.late\")\n|> aggregate { paid: sum(amount) }",
    },
    Page {
        word: "aggregate",
        parts: &[
            (
                "{ FIELD: FUNCTION(VALUE), … }",
                "count(), sum, min, max, avg, first, last, collect and others, each alone behind its name; `tidegate explain functions` lists them",
            ),
            STORE,
            ERRORS,
        ],
        inside: &[],
        example: "|> group by card\n|> aggregate { payments: count(), paid: sum(amount), largest: max(amount) }",
    },
    Page {
        word: "rolling",
        parts: &[
            ("5m, 10 rows", "how far it looks back from each event: a time, or so many events"),
            ("by FIELD, by (A, B)", "whose events"),
            ("excluding current", "may be left out: without the event itself"),
            ("granularity 1m", "may be left out: sums of whole minutes in place of single events"),
            ("ordered", "may be left out: in order of event time, which waits for what is out of order"),
            ("{ FIELD: FUNCTION(VALUE), … }", "fields that the event gets, as in `aggregate`"),
            (", late -> kafka(\"TOPIC\")", "with `ordered`: where late events go; else they are counted"),
            STORE,
            ERRORS,
        ],
        inside: &[],
        example: "|> rolling 5m by card { n: count() }\n|> filter n > 5",
    },
    Page {
        word: "join",
        parts: &[
            ("TABLE, STREAM", "what is joined"),
            ("as NAME", "what its row is called in the event; its own name by default"),
            ("within 10m, within 10m before", "of two streams only: how far apart in time"),
            (
                "by KEY",
                "of a table: the value that is its key; of a stream: the field that is equal on both sides",
            ),
            ("on a == NAME.b", "of a stream, in place of `by`"),
            ("as of TIME", "of a table: the row of that time"),
            ("where CONDITION", "may be left out: which rows are a match"),
            ERRORS,
        ],
        inside: &[],
        example: "|> join cards as c by card\n|> map { id, owner: c.owner }",
    },
    Page {
        word: "left",
        parts: &[
            ("join …", "all parts of `join`"),
            ("expand …", "all parts of `expand`: an event with an empty list goes on"),
        ],
        inside: &[],
        example: "|> left join cards as c by card\n|> map { id, owner: c.owner ?? \"nobody\" }",
    },
    Page {
        word: "outer",
        parts: &[("join …", "all parts of `join`, of two streams or two tables")],
        inside: &[],
        example: "|> outer join refunds as r within 1h on id == r.id",
    },
    Page {
        word: "match",
        parts: &[
            ("by FIELD, by (A, B)", "whose events"),
            ("within 1h", "from the first event to the last"),
            (
                "{ a, b if CONDITION, … }",
                "the events, one after the other; `b?`, `b+`, `b*`, `b{2,5}` repeat, `not c` must not come between, `absent c` not at the end",
            ),
            ("b+ { FIELD: FUNCTION(VALUE) }", "aggregates over the events that `b` takes, as `b.FIELD`"),
            (
                ", skip past last",
                "where the search goes on behind a match; also `to next` (without this), `to first b`, `to last b`",
            ),
            (", late -> kafka(\"TOPIC\")", "where late events go; else they are counted"),
            STORE,
            ERRORS,
        ],
        inside: &[],
        example: "|> match by card within 1h { a, b if b.currency != a.currency }\n|> map { card: a.card, first: a.id, second: b.id }",
    },
    Page {
        word: "branch",
        parts: &[
            ("{ NAME if CONDITION, …", "each event goes to the first that is true; NAME is a stream"),
            (", else NAME }", "may be left out: all the rest"),
        ],
        inside: &[],
        example: "stream routed = payments |> branch { dear if amount > 100.00, else cheap }\nsink dear -> kafka(\"dear\")\nsink cheap -> kafka(\"cheap\")",
    },
    Page {
        word: "via",
        parts: &[
            ("kafka(\"TOPIC\")", "a topic of yours, which is written and read again"),
            ("key FIELD", "as in a source"),
            ("time FIELD", "as in a source; without it the time of the event"),
            ("malformed -> kafka(\"TOPIC\")", "as in a source"),
        ],
        inside: &[],
        example: "|> via kafka(\"payments.kept\") key card time at",
    },
    Page {
        word: "latest",
        parts: &[("by KEY, …", "the key of its rows"), STORE, ERRORS],
        inside: &[],
        example: "table newest = payments |> latest by card",
    },
    Page {
        word: "changes",
        parts: &[
            (
                "where CONDITION",
                "may be left out: which changes; `old` is the row before, null for a new key",
            ),
            STORE,
            ERRORS,
        ],
        inside: &[],
        example: "table newest = payments |> latest by card\nstream moved = newest |> changes where old.currency != new.currency\nsink moved -> kafka(\"moved\")",
    },
    Page {
        word: "top",
        parts: &[
            ("10", "how many"),
            ("by VALUE desc, …", "the order; the greatest first, `asc` the smallest first"),
            ("per KEY, …", "may be left out: so many of each key"),
            STORE,
            ERRORS,
        ],
        inside: &[],
        example: "table dearest = payments |> top 3 by amount desc per card",
    },
    Page {
        word: "schedule",
        parts: &[
            ("at TIME", "when the event is given out"),
            ("by FIELD, by (A, B)", "whose events"),
            (", replace", "may be left out: a new event takes the place of one of its key that waits"),
            (", cancel when CONDITION", "may be left out: such an event takes the waiting one away"),
            (", wall clock", "may be left out: by the machine's clock, and not by event time"),
            STORE,
            ERRORS,
        ],
        inside: &[],
        example: "|> schedule at due by id, replace, cancel when note == \"cancelled\"",
    },
    Page {
        word: "expand",
        parts: &[
            ("LIST", "a list of the event"),
            ("as NAME", "what the element is called in each event"),
            ERRORS,
        ],
        inside: &[],
        example: "|> expand tags as tag\n|> map { id, tag }",
    },
    Page {
        word: "flat",
        parts: &[("map LIST", "a list of records: each becomes an event"), ERRORS],
        inside: &[],
        example: "|> flat map map(items, item => { id: id, sku: item.sku })",
    },
    Page {
        word: "dedupe",
        parts: &[
            ("by FIELD, by (A, B)", "what makes two events the same"),
            ("within 10m", "how long a key is remembered, in event time, from the event that was kept on"),
            STORE,
            ERRORS,
        ],
        inside: &[],
        example: "|> dedupe by id within 1h",
    },
    Page {
        word: "emit",
        parts: &[
            ("final", "one row for each window, when it is final; or one of the two below"),
            ("changes", "the newest row of each key that changed, at each commit"),
            ("every 10s", "the newest row of each key that changed, so often"),
        ],
        inside: &[],
        example: "|> group by card\n|> aggregate { payments: count() }\n|> emit changes",
    },
    Page {
        word: "ttl",
        parts: &[(
            "30d",
            "how far behind the watermark a row's time may be; it stands directly behind `latest`, or `aggregate` (and its `emit`)",
        )],
        inside: &[],
        example: "|> group by card\n|> aggregate { payments: count() }\n|> ttl 30d",
    },
];
