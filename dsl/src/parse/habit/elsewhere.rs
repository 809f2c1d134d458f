//! What words of other languages are called here.

use super::super::{DECLARATIONS, STEPS};

/// What a step of this name is called here.
pub(crate) fn step(word: &str) -> Option<&'static str> {
    Some(match word {
        "where" | "when" => "write `filter`",
        "having" => "write a `filter` behind the `aggregate`",
        "order" | "sort" | "limit" => {
            "a stream has no end, so it has no order; `top` and windows look at a part of it"
        }
        "groupby" | "partition" | "key" => "write `group by` or `repartition by`",
        "count" | "sum" | "avg" | "min" | "max" | "reduce" | "fold" => {
            "write `aggregate { name: count() }` behind a `group by`"
        }
        "transform" | "project" | "foreach" => "write `map { … }`",
        "distinct" | "unique" | "deduplicate" => "write `dedupe by … within …`",
        "to" | "sink" | "into" | "write" | "output" => {
            "a stream leaves through a declaration of its own: `sink NAME -> kafka(\"…\")`"
        }
        "enrich" | "lookup" => "write `join TABLE as NAME by KEY`",
        "merge" | "union" | "concat" => {
            "streams are merged at the head of a stream: `stream NAME = merge a, b |> …`"
        }
        "flatmap" | "flat_map" | "flatten" => "write `flat map LIST`",
        "explode" | "unnest" | "unwind" | "split" => "write `expand LIST as NAME`",
        "extend" | "with" | "set" | "let" | "assign" | "compute" | "eval" => "write `add { name: … }`",
        "remove" | "omit" | "exclude" | "without" | "delete" => "write `drop FIELD, …`",
        "keep" | "pick" | "fields" => "write `select FIELD, …`",
        "rename" => {
            "write `map { new_name: old_name, … }`, or `add { new_name: old_name }` and `drop old_name`"
        }
        "tumbling" | "hopping" | "sliding" | "session" | "cumulate" => {
            "it is a kind of window: write `window` before it"
        }
        "throttle" | "delay" | "suppress" => "when an aggregate gives its rows is said by `emit`",
        "print" | "log" | "peek" | "debug" | "tap" => {
            "to see what comes out, run it with `--output STREAM=-`, or write a `test`"
        }
        _ => return None,
    })
}

/// The declaration that a word of another language stands for.
pub(crate) fn declaration(word: &str) -> Option<&'static str> {
    Some(match word {
        "function" | "def" | "func" | "fun" => "a function is declared with `fn`",
        "let" | "const" | "var" | "val" | "set" => "a value is declared with `param NAME: TYPE = …`",
        "import" | "include" | "from" => "other files are read with `use \"FILE\" { NAME, … }`",
        "struct" | "record" | "class" | "interface" | "schema" => "a record is declared with `type`",
        "select" | "create" | "insert" => "write `stream NAME = INPUT |> filter … |> map { … }`",
        "input" => "an input is declared with `source`",
        "output" => "an output is declared with `sink`",
        _ => return None,
    })
}

/// The type that other languages call by this name.
pub(crate) fn type_of(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "varchar" | "char" | "text" | "str" | "nvarchar" | "character" | "clob" | "varchar2" => "string",
        "integer" | "long" | "bigint" | "smallint" | "tinyint" | "short" | "byte" | "i64" | "i32" | "i16"
        | "u8" | "u16" | "u32" | "u64" | "int64" | "int32" | "uint" | "int4" | "int8" | "serial" => "int",
        "double" | "real" | "f64" | "f32" | "float64" | "float32" | "float8" => "float",
        "boolean" | "bit" | "flag" => "bool",
        "datetime" | "timestamptz" | "timestamp_ltz" | "instant" | "timestamp_tz" => "timestamp",
        "interval" | "timespan" => "duration",
        "guid" => "uuid",
        "blob" | "binary" | "bytea" | "varbinary" => "bytes",
        _ => return None,
    })
}

/// Is this what other languages call a number with digits behind its point?
pub(crate) fn is_decimal(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "number" | "numeric" | "dec" | "money" | "currency")
}

/// What is written for a type that has no one counterpart.
pub(crate) fn type_note(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        word if is_decimal(word) => {
            "for money `decimal(18,2)`; for whole numbers `int`; for measurements `float`"
        }
        "time" => "a point in time is a `timestamp`, a length of time a `duration`",
        "list" | "array" | "vec" | "set" | "seq" => "a list of texts is written `[string]`",
        "map" | "dict" | "hashmap" => "a map from texts to whole numbers is written `{string: int}`",
        "object" | "record" | "struct" | "json" | "jsonb" | "any" | "variant" | "row" => {
            "a record lists its fields: `{ name: string, size: int }`; a map with any keys is `{string: string}`"
        }
        "null" | "none" | "void" | "optional" | "option" | "nullable" => {
            "a type that may be null ends with `?`: `string?`"
        }
        _ => return None,
    })
}

/// A function that is missing here on purpose, or is no function here.
pub(crate) fn function(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "now" | "current_timestamp" | "getdate" | "sysdate" | "today" | "utcnow" | "current_date" => {
            "an event is looked at by its own time, so that a replay gives the same: use the field that the source names with `time`"
        }
        "cast" | "convert" | "try_cast" => {
            "a value is cast by the name of the type: `int(x)`, `string(x)`, `decimal(x, 2)`"
        }
        "if" | "iif" | "iff" => "a choice is written `if amount > 10.00 { \"large\" } else { \"small\" }`",
        "case" | "decode" | "switch" => {
            "a choice by value is written `match country { \"NL\" => 1, _ => 0 }`"
        }
        "is_null" | "isnull" | "is_none" => "write `x is null`",
        "is_not_null" | "isnotnull" | "notnull" | "is_some" => "write `x is not null`",
        "is_empty" | "isempty" | "empty" => "write `length(x) == 0`, of texts, lists and maps",
        "is_not_empty" | "isnotempty" | "not_empty" | "non_empty" => {
            "write `length(x) > 0`, of texts, lists and maps"
        }
        "format" | "sprintf" | "printf" | "interpolate" => {
            "a text with values in it is `f\"{id} of {total}\"`; numbers are written by `format_number(…)`, times by `format_time(…)`"
        }
        "env" | "getenv" | "environ" => {
            "a value of the environment is a param: `param NAME: TYPE = env(\"NAME\", default)`"
        }
        "equals" | "eq" | "equal" => "values are compared by `==`",
        "list" | "array" | "struct" | "object" | "named_struct" => {
            "a list is written `[a, b]`, a map `{ \"key\": value }`, a record `{ field: value }`"
        }
        "row_number" | "rank" | "dense_rank" | "lag" | "lead" => {
            "what looks at several events is a step: `rolling`, `top N by … per …`, `latest by`, `match by`"
        }
        "not" => "write `not (…)`, in small letters",
        "and" | "or" => "write `a and b`, `a or b`",
        "exists" => "write `x is not null`",
        "rand" | "random" | "uuid_generate" | "newid" => "a replay must give the same, so nothing is random",
        _ => return None,
    })
}

/// The constant that other languages write like this.
pub(crate) fn constant(word: &str) -> Option<&'static str> {
    Some(match word {
        "TRUE" | "True" => "true",
        "FALSE" | "False" => "false",
        "NULL" | "Null" | "None" | "nil" | "undefined" | "NIL" => "null",
        _ => return None,
    })
}

/// Is this what other languages call the event as a whole?
pub(crate) fn is_event(word: &str) -> bool {
    matches!(
        word,
        "event" | "this" | "self" | "row" | "record" | "message" | "msg" | "payload" | "root" | "value" | "_"
    )
}

/// Is this the first word of a step, in any letters?
pub(super) fn is_step(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    STEPS.iter().any(|step| step.split(' ').next() == Some(lower.as_str()))
}

pub(super) fn is_declaration(word: &str) -> bool {
    DECLARATIONS.contains(&word)
}

/// `toUpperCase` as it would be written here.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::new();
    for char in name.chars() {
        if char.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(char.to_ascii_lowercase());
    }
    out
}

/// The function that does here what a function or method of this name does elsewhere.
pub(crate) fn function_here(name: &str) -> Option<&'static str> {
    let own = match snake(name).as_str() {
        "to_upper_case" => "upper".to_owned(),
        "to_lower_case" => "lower".to_owned(),
        "substr" => "substring".to_owned(),
        own => own.to_owned(),
    };
    tidegate_functions::find(&own)
        .or_else(|| tidegate_functions::called_elsewhere(name))
        .or_else(|| tidegate_functions::called_elsewhere(&own))
        .map(|function| function.name)
}
