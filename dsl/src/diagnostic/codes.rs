//! Every code there is. A code that was released is never used for something else.

/// `T` and four digits; the first two say of what it speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Code(pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "T{:04}", self.0)
    }
}

macro_rules! codes {
    ($($name:ident = $number:literal, $page:literal;)*) => {
        $(#[doc = $page] pub const $name: Code = Code($number);)*

        /// Each code with its page: what it means, and what to do.
        pub const ALL: &[(Code, &str)] = &[$((Code($number), $page)),*];
    };
}

codes! {
    SYNTAX = 101, "The text is not what the language expects at this place. The message names what could stand there; a misspelt word is most often the cause.";
    LITERAL = 102, "A number, time or string that cannot be read: a number too large, a date that does not exist, an unknown escape.";
    TOO_DEEP = 103, "An expression is nested deeper than 64 levels or 256 operators, lists, maps and records lie more than 16 deep inside of one another, or declared types 32, or more than 256 steps lie one behind the other. Give a part of an expression a name with `fn` or an earlier `add` step.";
    TOO_LARGE = 104, "A file, a declaration or an expression is larger than what is read: 1 MiB and 2,000 declarations for a file, 100,000 operations for an expression after its functions were put in place.";
    UNKNOWN_NAME = 201, "Nothing of this name is declared where it is used. Names are those of sources, tables, streams, params, functions, and of the fields of the event.";
    DUPLICATE_NAME = 202, "A name is declared twice. Sources, tables and streams share one set of names; types, params and functions have their own.";
    CYCLE = 203, "A stream, or a function, is made from itself. Data flows down the page: a stream reads only what does not depend on it.";
    UNUSED = 204, "A stream or source that no sink and no test reads. It costs nothing, but it does nothing.";
    MISSING_NAME = 205, "A topology needs a name, since its stores, internal topics and consumer group are named after it: `topology NAME` in the first line. A file that only declares, for others to `use`, needs none: without a sink, a `serve` and a test nothing in it runs.";
    ALLOW = 208, "A comment `allow T0512: the reason` takes one warning away: at the next line, or at its own line if code stands before it. It names one code and says why. One that nothing needs is told, so that it does not hide a later mistake.";
    USE_FILE = 206, "A file named by `use` cannot be used: it is not there, it lies outside of the topology's folder, or it leads back to a file that uses it.";
    USE_NAME = 207, "A name in `use` is not declared in that file, or clashes with a name that is declared here or comes from another file.";
    TYPE_MISMATCH = 301, "An expression has one type and another is needed. Types are never converted silently where something could be lost.";
    NOT_NULLABLE = 302, "A value that may be null stands where none may. Give a value for that case with `??`, or declare the target nullable with `?`.";
    BAD_FIELDS = 303, "The fields of a record are not those of its type: one is missing, or one is not declared.";
    BAD_ARGUMENTS = 304, "A function is called with the wrong number or types of arguments.";
    AGGREGATE_PLACE = 305, "Aggregates (`count`, `sum`, `median`, …; all are in `tidegate explain functions`) stand only in `aggregate { … }`, in `rolling … { … }` and behind an event of a `match` that repeats, alone on the right side of a field.";
    UNKNOWN_TYPE = 306, "A type of this name is neither built in nor declared.";
    NO_RECORD = 307, "A record (an event, or a `{ … }`) is needed here, or is not possible here.";
    MATCH_OPEN = 308, "A `match` must say what happens to every value: end it with an arm `_ => …`, or `_ => drop` in a `map`.";
    ENUM_VARIANT = 320, "An enum has only the values that its declaration names. A text that stands for one of them must be written as it is there.";
    MATCH_MISSING = 321, "A `match` on an enum (or a bool) without `_ => …` names every value, and `null` too if there may be none. So a value that is added to the enum later is told here and not forgotten.";
    MATCH_REPEATED = 322, "An arm of a `match` names a value that an arm above has taken already: it is never reached.";
    EMPTY_LITERAL = 323, "The type of an empty list or map, or of one that holds nothing but null, cannot be told from what is written. Give it to a field, a param or an argument with a declared type.";
    ELEMENTS_DIFFER = 324, "All elements of a list (and all values of a map) have one type. A record in a list has the same fields, in the same order and of the same types.";
    INDEX = 325, "A list is indexed by an int: `items[0]`, and `items[-1]` is its last element. A map is indexed by its key: `prices[\"EUR\"]`. Where there is nothing, the value is null.";
    LAMBDA = 326, "`x => …` is the last argument of `map`, `filter`, `any`, `all`, `find`, `count_if`, `sort_by`, `map_values`, and with two names of `reduce(list, start, (so_far, x) => …)`. It is no value by itself.";
    MAP_KEY = 327, "The keys of a map are strings, ints, dates, uuids or an enum's values, and never null.";
    PLACEHOLDER = 328, "A text has a `{name}` or `${name}` in it, and is taken as it stands. Values are put into a text that begins with `f`: `f\"{n} payments\"`, without `$`. A value of the environment is `env(\"NAME\", default)`.";
    PARAM = 309, "A param has no value: its environment variable is not set and there is no default, or the value is not of its type.";
    BAD_CONSTANT = 310, "A constant that a function is given cannot be used: a pattern that is no regular expression, a time zone or unit that does not exist, a number outside of what the function takes. `tidegate explain NAME` shows what it takes.";
    BAD_DURATION = 401, "A length of time must be positive here, and a hopping window's step no longer than its size.";
    NO_LATE_ROUTE = 410, "A window without `late -> …`: events that come after their window is final are counted in a metric, and go nowhere. That may be what is wanted.";
    GROUPING = 402, "`aggregate` needs a `group by` before it, with at most a `window` between them; and `group by` and `window` need an `aggregate` behind them.";
    EMIT = 403, "`emit` stands directly behind an `aggregate`, and `emit final` needs a window: without one there is no end at which a result would be final.";
    WINDOW = 405, "A window's parts do not go together: a cumulating window's step divides its size, only aligned windows have an offset or a time zone, and a zone is one of the IANA database, such as \"Europe/Paris\".";
    ROLLING = 406, "A rolling aggregate's parts do not go together: rows are counted one by one, so they have no granularity, and a granularity is a part of the range.";
    TABLE_NEEDED = 407, "This step works on a table: on the last row of each key. A table is read from a compacted topic, or made from a stream by `latest by …`, `aggregate` or `top`.";
    STREAM_NEEDED = 408, "This step works on a stream of events, and is given a table. `changes` gives a table's changes as a stream.";
    BRANCH = 409, "`branch` gives each event to the first of its streams whose condition is true. It ends its stream: what comes next reads the branches by their names.";
    PATTERN = 411, "A `match` is a sequence of events of one key. Its variables have names of their own, what is forbidden or absent has no repetition, and `absent` stands at the end.";
    TOP = 412, "`top N by …` orders rows by values that are always there, and N is from 1 to 10,000.";
    SCHEDULE = 413, "`schedule at …` needs a timestamp that is always there.";
    NO_TIME = 414, "A source without `time …` takes the timestamp that each record has in Kafka, though its type has one of its own. What goes by event time (windows, rolling ranges, `within`) then goes by when events were sent, and not by when they happened. Say `time FIELD`, or allow it with the reason.";
    ROLLING_STATE = 415, "A long `rolling` without `granularity` keeps each event of its range, for every key, and looks through them for each new one. `granularity 1h` keeps one sum for each hour in their place: what is older than the range then leaves hour by hour.";
    TTL = 416, "`ttl D` deletes a row of a table when its time is D behind the watermark. It stands where the rows come from: behind the topic of a table, or directly behind a `latest` or an `aggregate` without a window. What is made of tables loses its rows with them.";
    EXPAND = 420, "`expand LIST as NAME` needs a list; `flat map LIST` needs a list of records, since each becomes an event.";
    TIME_FIELD = 404, "The event time must be a field of type timestamp that is not nullable.";
    REPARTITION = 512, "The key is not the one that the stream is partitioned by. State is kept for each partition, so the events first go through an internal topic that is partitioned by the new key. Write `|> repartition by …` to say that this is meant.";
    JOIN_KEY = 513, "A join is by the table's key: the expression must have its type.";
    JOIN_SHAPE = 515, "The parts of a join do not go together: two streams need `within`, a table needs its whole key, rows of windows are not looked up, `as of` looks into a table that is read from a topic.";
    KEY_FIELD = 514, "The key must be a plain field of the event that is not nullable.";
    KEY_TYPE = 520, "A list or a map cannot be a key: keys are compared and stored byte by byte, and are the text of a record's key. Take a field of it, or make a string of it with `join`.";
    SINK_OPTION = 601, "An option of a topic that does not exist, or has a value that it cannot have.";
    SINK_TARGET = 602, "A sink names a stream or an aggregate's result; a table that is read from a topic is there already.";
    TOPIC_CLASH = 603, "One topic is used in two ways that do not go together.";
    STEP_NAME = 604, "Two steps that keep state have the same word in one stream. Their stores need names: write `as NAME` behind each. A name is the identity of the state, so it must not depend on the order of the steps.";
    TOPIC_NAME = 605, "A topic's name has 1 to 249 letters, digits, dots, dashes and underscores, as Kafka demands; names of topologies, streams and steps become parts of topic names.";
    CONNECTOR = 606, "A source or sink of this kind does not exist, or lacks something that it needs, or is given something that it does not know.";
    GENERATE = 607, "`generate` makes up each field of the type: a plain value, `pick(…)`, `between(low, high)`, `sequence()`, `now()`, `chance(0.1)`.";
    SERVE = 608, "`serve` answers with the rows of a table. Each part of its key has one place in the path, written `{name}`.";
    TABLE_SINK_KEY = 609, "The records of a table's topic have the table's key: it says which row a record replaces, or deletes. With another key rows of different keys would take each other's place, and a deletion, which knows its key alone, would delete nothing.";
    TEST = 701, "A test feeds sources and tables, and expects rows of streams. What could only pass, or means nothing, is told too: time that goes back, errors of a step that has a result for every event, two tests whose snapshots would be one file.";
    YAML_SHAPE = 801, "The YAML is not of the shape that a topology has: a key that does not exist, or a value of another kind.";
    NOT_YET = 901, "This is part of the language, and this version cannot run it yet.";
}

/// The page of a code.
pub fn page(code: Code) -> &'static str {
    ALL.iter().find(|(known, _)| *known == code).map_or("", |(_, page)| page)
}

/// Reads `T0512`.
pub fn parse(text: &str) -> Option<Code> {
    let number = text.strip_prefix(['T', 't'])?.parse::<u16>().ok()?;
    ALL.iter().map(|(code, _)| *code).find(|code| code.0 == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_have_a_page() {
        let mut numbers: Vec<u16> = ALL.iter().map(|(code, _)| code.0).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(ALL.iter().all(|(_, page)| page.len() > 40));
        assert_eq!(parse("T0512"), Some(REPARTITION));
        assert_eq!(parse("T9999"), None);
    }
}
