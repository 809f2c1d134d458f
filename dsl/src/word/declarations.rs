//! The pages of declarations.

use super::Page;

const KAFKA: (&str, &str) = ("= kafka(\"TOPIC\")", "the topic; `embedded(\"TOPIC\")` is the same");
const TYPE: (&str, &str) = (": TYPE", "the type of its records: a name, or `{ FIELD: TYPE, … }`");
const MALFORMED: (&str, &str) = (
    "malformed -> kafka(\"TOPIC\")",
    "where records go that are not of the type; without it the topology stops before them",
);

pub(super) const PAGES: &[Page] = &[
    Page {
        word: "topology",
        parts: &[(
            "NAME",
            "letters, digits and underscores; another name is another topology, with state of its own",
        )],
        inside: &[],
        example: "topology payment_volume",
    },
    Page {
        word: "use",
        parts: &[
            ("\"FILE\"", "a file beside this one, or in a folder below it"),
            ("{ NAME, … }", "what is taken from there; what that is made of comes along"),
        ],
        inside: &[],
        example: "use \"shared.tide\" { Shop, shops }",
    },
    Page {
        word: "type",
        parts: &[
            ("NAME", "as other declarations call it"),
            (
                "{ FIELD: TYPE, … }",
                "the fields: bool, int, float, decimal(18,2), string, timestamp, duration, date, uuid, bytes, [TYPE], {string: TYPE}, a record, an enum",
            ),
            ("TYPE?", "a type that may be null; all others never are"),
        ],
        inside: &[],
        example: "type Order { id: string, total: decimal(18,2), note: string?, tags: [string], at: timestamp }",
    },
    Page {
        word: "enum",
        parts: &[
            ("NAME", "a type"),
            ("{ VALUE, … }", "its values, as they stand in JSON: names, or texts in quotes"),
        ],
        inside: &[],
        example: "enum Status { placed, paid, \"in transit\" }",
    },
    Page {
        word: "param",
        parts: &[
            ("NAME", "as expressions call it"),
            (": TYPE", "its type"),
            (
                "= VALUE",
                "a constant; `env(\"NAME\", default)` reads it from the environment, `--param NAME=…` goes before both",
            ),
        ],
        inside: &[],
        example: "param least: decimal(18,2) = env(\"LEAST\", 100.00)",
    },
    Page {
        word: "fn",
        parts: &[
            ("NAME", "as it is called"),
            ("(ARGUMENT: TYPE, …)", "it sees these and the params, nothing else"),
            ("-> TYPE", "what it gives"),
            ("= EXPRESSION", "without braces and `return`"),
        ],
        inside: &[],
        example: "fn dear(p: Payment) -> bool = p.amount >= 100.00 and p.currency == \"EUR\"",
    },
    Page {
        word: "source",
        parts: &[
            ("NAME", "what streams read"),
            TYPE,
            KAFKA,
            ("key FIELD", "the field that the records' key is the text of; leave it out if there is none"),
            ("time FIELD", "the field with the time of the event; without it the record's own timestamp"),
            (", out_of_order 5s", "how far events may come out of order; 0s by default"),
            (", idle 1m", "after how long without records a partition holds nothing up; never by default"),
            (
                ", ahead 1d",
                "how far ahead of the machine's clock an event may be: what is farther is malformed",
            ),
            MALFORMED,
        ],
        inside: &[],
        example: "source visits: { page: string, at: timestamp } = kafka(\"visits\")\n  key page\n  time at, out_of_order 5s, idle 1m\n  malformed -> kafka(\"visits.malformed\")",
    },
    Page {
        word: "global",
        parts: &[
            ("table NAME", "what streams join; every worker holds all its rows"),
            TYPE,
            KAFKA,
            ("key FIELD", "the key of its rows"),
            MALFORMED,
        ],
        inside: &[],
        example: "global table rates: { currency: string, rate: decimal(18,6) } = kafka(\"rates\") key currency",
    },
    Page {
        word: "table",
        parts: &[
            ("NAME", "what streams join"),
            TYPE,
            (
                "= kafka(\"TOPIC\")",
                "a compacted topic; or `= STREAM |> latest by KEY` for one that is made here",
            ),
            ("key FIELD", "the key of its rows: the last record of a key counts, a null value deletes"),
            ("history 90d", "how long a replaced row can be asked for with `as of`; without it for ever"),
            (
                "ttl 30d",
                "a row whose record's time is so far behind the watermark is deleted; without it it stays",
            ),
            MALFORMED,
        ],
        inside: &[],
        example: "table shops: { id: string, name: string } = kafka(\"shops\") key id\ntable newest = payments |> latest by card",
    },
    Page {
        word: "stream",
        parts: &[
            ("NAME", "what other streams and sinks read"),
            ("= INPUT", "a source or a stream; `merge a, b` for several of one type"),
            ("|> STEP", "as many as are needed: `tidegate explain steps` lists them"),
        ],
        inside: &[],
        example: "stream small = merge payments, refunds\n  |> filter amount < 10.00\n  |> map { id, card, amount }\nsink small -> kafka(\"small\")",
    },
    Page {
        word: "sink",
        parts: &[
            ("STREAM", "what leaves; a stream may have several sinks"),
            ("-> kafka(\"TOPIC\", …)", "where to; the options below stand in its brackets"),
            ("key: FIELD", "the records' key, or `key: (A, B)`; by default what the stream is keyed by"),
            ("compacted", "the topic keeps the last record of each key"),
            ("decimals: number", "decimals as JSON numbers; by default as texts, which are exact"),
            ("timestamps: millis", "milliseconds since 1970; by default as texts"),
        ],
        inside: &[],
        example: "sink large -> kafka(\"payments.large\", key: card)",
    },
    Page {
        word: "serve",
        parts: &[
            ("TABLE", "whose rows are asked for"),
            ("at \"/PATH/{KEY}\"", "the path; the key's fields stand in braces"),
        ],
        inside: &[],
        example: "table newest = payments |> latest by card\nserve newest at \"/newest/{card}\"",
    },
    Page {
        word: "test",
        parts: &[
            ("\"NAME\"", "what it shows"),
            ("for c in [ { … }, … ]", "may be left out: one test for each row, in which `c` is the row"),
            ("{ STEP … }", "its steps, each on a line of its own"),
        ],
        inside: &[
            ("SOURCE <- { … }, { … }", "feeds events, or rows of a table; `null key \"c1\"` deletes a row"),
            ("SOURCE <- file(\"day.ndjson\")", "feeds the lines of a file; `raw \"…\"` one record as it is"),
            (
                "advance to @10:05",
                "moves time; never back. `@10:05` is a time of the day, `@2026-01-01T10:05:00Z` has a date",
            ),
            (
                "expect STREAM == [ { … }, … ]",
                "all rows since it was last asked, in order; `..` leaves other fields open, `[]` says that there are none; `null key \"c1\"` is a table's row that was deleted",
            ),
            (
                "expect errors of STREAM.STEP == […]",
                "what was set aside; also `expect malformed SOURCE`, `expect late of STREAM`",
            ),
            ("snapshot STREAM", "all its rows are those of a kept file: `tidegate test --accept` keeps it"),
        ],
        example: "test \"a payment over the limit\" {\n  payments <- { id: \"p1\", card: \"c1\", currency: \"EUR\", amount: 250.00, tags: [], items: [], due: @12:00, at: @10:00 }\n  advance to @10:05\n  expect large == [ { id: \"p1\", amount: 250.00, .. } ]\n}",
    },
];
