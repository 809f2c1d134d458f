//! What stands behind a topic: the clauses of sources and tables, the options of sinks, and where bad records go.

use super::{Habit, Look};

const MALFORMED: [&str; 12] = [
    "dead_letter",
    "dead_letters",
    "deadletter",
    "dlq",
    "on_error",
    "on_malformed",
    "errors",
    "error",
    "bad",
    "invalid",
    "rejects",
    "rejected",
];
const DISORDER: [&str; 10] = [
    "max_delay",
    "delay",
    "lateness",
    "allowed_lateness",
    "max_out_of_orderness",
    "disorder",
    "grace",
    "late",
    "slack",
    "tolerance",
];

impl Look<'_> {
    pub(super) fn clause(&self) -> Option<Habit> {
        self.unbracketed().or_else(|| self.route()).or_else(|| match self.text(0) {
            "sink" => self.sink_option(),
            "source" | "table" | "global" => self.source_clause(),
            _ => None,
        })
    }

    /// `kafka "payments"`
    fn unbracketed(&self) -> Option<Habit> {
        let at = if self.text(0) == "sink" && self.is_text(4) { 4 } else { self.index };
        if !self.is_text(at) || !matches!(self.text(at - 1), "kafka" | "embedded") {
            return None;
        }
        let text = format!("{}({})", self.text(at - 1), self.text(at));
        let habit = self.habit(at, "a topic's name stands in brackets", format!("write `{text}`"))?;
        Some(habit.mended(self.range(at - 1, at + 1), text))
    }

    /// The topic behind `malformed ->`, `errors ->` and `late ->`.
    fn route(&self) -> Option<Habit> {
        let arrow = self.near(-1) == "->";
        let word = if arrow { self.near(-2) } else { self.near(-1) };
        if !matches!(word, "malformed" | "errors" | "late")
            || self.text(0) == "test"
            || self.depth(self.index) > 0
        {
            return None;
        }
        let here = self.near(0);
        let topic = self.topic_for(word);
        if !arrow {
            // A field may have these names; what is no route is told elsewhere.
            let (mend, note) = match here {
                "kafka" | "embedded" => ("-> ".to_owned(), format!("write `{word} -> {here}(\"…\")`")),
                _ if here.starts_with('"') => {
                    let habit = self.habit(
                        self.index,
                        format!("`{word}` names the topic behind an arrow"),
                        format!("write `{word} -> kafka({here})`"),
                    )?;
                    return Some(habit.mended(self.span(self.index), format!("-> kafka({here})")));
                }
                "drop" | "ignore" | "skip" | "discard" => return self.dropped(word, &topic),
                _ if self.expects("`->`") => {
                    let note = format!("write `{word} -> kafka(\"{topic}\")`");
                    return self.habit(self.index, format!("`{word}` names a topic behind an arrow"), note);
                }
                _ => return None,
            };
            let habit = self.habit(self.index, format!("`->` is missing behind `{word}`"), note)?;
            return Some(habit.mended(self.before(self.index), mend));
        }
        let instead = match here {
            "drop" | "ignore" | "skip" | "discard" | "null" | "none" | "log" | "nothing" => {
                return self.dropped(word, &topic);
            }
            "kafka" | "embedded" | "" => return None,
            _ if here.starts_with('"') => here.to_owned(),
            _ if self.is_word(self.index) => format!("\"{here}\""),
            _ => return None,
        };
        let habit = self.habit(
            self.index,
            "a topic is named inside of `kafka(…)`",
            format!("write `{word} -> kafka({instead})`"),
        )?;
        Some(habit.mended(self.span(self.index), format!("kafka({instead})")))
    }

    /// Nothing is left out in silence.
    fn dropped(&self, word: &str, topic: &str) -> Option<Habit> {
        let arrow = self.near(-1) == "->";
        if word == "late" {
            let habit = self.habit(
                self.index,
                "late events go to a topic, or are only counted",
                "leave `late` out to have them counted; or write `late -> kafka(\"…\")` to keep them",
            )?;
            let start = self.index - 1 - usize::from(arrow);
            let start = if self.text(start - 1) == "," { start - 1 } else { start };
            return Some(habit.mended(self.range(start, self.index + 1), ""));
        }
        let what = if word == "malformed" { "a record that cannot be read" } else { "an event that fails" };
        let habit = self.habit(
            self.index,
            format!("nothing is dropped in silence: {what} goes to a topic"),
            format!("write `{word} -> kafka(\"{topic}\")`; without `{word}` the topology stops there"),
        )?;
        let arrow = if arrow { "" } else { "-> " };
        Some(habit.mended(self.span(self.index), format!("{arrow}kafka(\"{topic}\")")))
    }

    /// A name for a topic beside the declaration's own.
    fn topic_for(&self, word: &str) -> String {
        let first = (0..self.tokens.len())
            .find(|index| self.is_text(*index))
            .map(|index| self.text(index).trim_matches('"'));
        let name = match self.text(0) {
            "global" => self.text(2),
            _ => self.text(1),
        };
        format!("{}.{word}", first.filter(|_| self.text(0) != "stream").unwrap_or(name))
    }

    /// The brackets of the topic, if the place is behind them.
    fn connector(&self) -> Option<(usize, usize)> {
        let sign = if self.text(0) == "sink" { "->" } else { "=" };
        let sign = self.find(sign, 1, self.tokens.len())?;
        let open = (sign..self.tokens.len()).find(|index| self.text(*index) == "(")?;
        self.closing(open).map(|close| (open, close))
    }

    fn sink_option(&self) -> Option<Habit> {
        let (open, close) = self.connector()?;
        if self.index > open && self.index <= close {
            return self.option_inside(open, close);
        }
        let comma = usize::from(self.near(0) == ",");
        let at = self.index + comma;
        let here = self.text(at);
        if self.index != close + 1 || !self.is_word(at) {
            return None;
        }
        if matches!(here, "key" | "compacted" | "format" | "decimals" | "timestamps") {
            let value = at + 1 + usize::from(matches!(self.text(at + 1), ":" | "="));
            let end = (value..self.tokens.len())
                .find(|index| !(self.is_word(*index) || self.text(*index) == "."))
                .unwrap_or(self.tokens.len());
            let value = self.slice(value, end);
            let option = if here == "compacted" { here.to_owned() } else { format!("{here}: {value}") };
            let habit = self.habit(
                self.index,
                "the options of a sink stand in the brackets of its topic",
                format!("write `{}, {option})`", self.slice(open - 1, close)),
            )?;
            return Some(habit.mended(self.range(close, end), format!(", {option})")));
        }
        let form = format!("write `sink {} -> kafka(\"…\", key: FIELD)`", self.text(1));
        match here {
            "time" => self.habit(
                self.index,
                "a sink has no `time`",
                "leave it out: a record leaves with the time of its event",
            ),
            "malformed" | "errors" => self.habit(
                self.index,
                format!("a sink has no `{here}`: it stands at a source or a step"),
                form,
            ),
            _ => None,
        }
    }

    /// `kafka("t", key card)`, `kafka("t", "k")`, `key = card`
    fn option_inside(&self, open: usize, close: usize) -> Option<Habit> {
        if self.open_around(self.index) != Some(open) || !matches!(self.text(open - 1), "kafka" | "embedded")
        {
            return None;
        }
        let before = self.near(-1);
        if self.is_text(self.index) && before == ":" {
            let option = self.near(-2);
            if ["key", "format", "decimals", "timestamps"].contains(&option) {
                let plain = self.near(0).trim_matches('"');
                let note = format!("the value of an option stands without quotes: `{option}: {plain}`");
                return self.instead(0, 1, &note, plain);
            }
            let note = "the file names the topic alone: brokers, groups and the like are given to `tidegate run`, as in `--brokers HOST:9092`";
            return self.habit(self.index - 2, format!("there is no option `{option}`"), note);
        }
        if self.near(0) == "=" {
            let note = format!("an option is given with a colon: `{before}: {}`", self.near(1));
            return self.instead(0, 1, &note, ":");
        }
        if self.is_word(self.index) && matches!(before, "key" | "format" | "decimals" | "timestamps") {
            let habit = self.habit(
                self.index,
                format!("a colon is missing behind `{before}`"),
                format!("write `{before}: {}`", self.near(0)),
            )?;
            return Some(habit.mended(self.behind(self.index - 1), ":"));
        }
        if self.is_word(self.index) && self.index == open + 1 {
            return self.topic_unquoted(close);
        }
        if self.is_text(self.index) && before == "," {
            return self.habit(
                self.index,
                "a second text has no meaning here",
                "options have names: `kafka(\"t\", key: card)`",
            );
        }
        None
    }

    /// `kafka(payments)`, `kafka('payments')`, `kafka(payments.eu)`
    pub(super) fn topic_unquoted(&self, close: usize) -> Option<Habit> {
        if self.near(1) == ":" && self.is_text(self.index + 2) {
            return self.instead(0, 2, "the topic's name stands first, and has no word before it", "");
        }
        let end = (self.index..close).find(|index| self.text(*index) == ",").unwrap_or(close);
        let topic = self.slice(self.index, end).trim_matches('\'');
        let habit =
            self.habit(self.index, "a topic's name stands in quotes", format!("write `kafka(\"{topic}\")`"))?;
        Some(habit.mended(self.range(self.index, end), format!("\"{topic}\"")))
    }

    fn source_clause(&self) -> Option<Habit> {
        let (open, close) = self.connector()?;
        if self.index > open && self.index <= close {
            return self.option_inside(open, close);
        }
        if self.index <= close {
            return None;
        }
        let (before, here, next) = (self.near(-1), self.near(0), self.near(1));
        if here == "{" {
            return self.habit(
                self.index,
                "the clauses of a source stand behind the topic, without braces",
                "write `kafka(\"…\") key id time at malformed -> kafka(\"…\")`",
            );
        }
        if matches!(before, "key" | "time" | "malformed" | "out_of_order" | "idle")
            && matches!(here, ":" | "=")
        {
            return self.instead(
                0,
                1,
                &format!("the value stands directly behind the word: `{before} {}`", self.near(1)),
                "",
            );
        }
        if before == "key" && here == "(" {
            let close = self.closing(self.index)?;
            let fields = self.slice(self.index + 1, close);
            let habit = self.habit(
                self.index,
                "the key of a source is one field",
                "write `key FIELD`; to group by several, a step says `group by a, b`",
            )?;
            return Some(habit.mended_if(
                self.range(self.index, close + 1),
                (!fields.contains(',')).then(|| format!(" {fields}")),
            ));
        }
        if here == "." && matches!(next, "key" | "time") && self.near(2) == "(" {
            let close = self.closing(self.index + 2)?;
            let text = format!(" {next} {}", self.slice(self.index + 3, close));
            let habit = self.habit(
                self.index,
                "the clauses of a source stand behind the topic, without dots",
                format!("write `kafka(\"…\"){text}`"),
            )?;
            return Some(habit.mended(self.range(self.index, close + 1), text));
        }
        if before == "by" && self.near(-2) == "key" {
            return self.instead(-1, 1, "write `key card`", "");
        }
        if !self.is_word(self.index) {
            return None;
        }
        let instead = |text: &str, note: &str| self.instead(0, 1, note, text);
        match here {
            "out_of_order" | "idle" if before != "," => {
                let habit = self.habit(
                    self.index,
                    format!("a comma is missing before `{here}`"),
                    format!(
                        "it belongs to `time`: `time at, {here} {}`",
                        if next.is_empty() { "5s" } else { next }
                    ),
                )?;
                Some(habit.mended(self.behind(self.index - 1), ","))
            }
            "primary" if next == "key" => self.instead(0, 2, "write `key id`", "key"),
            "primary_key" | "id" | "keyed" | "partition" if next != "by" => instead("key", "write `key id`"),
            "keyed" | "partitioned" | "partition" => self.instead(0, 2, "write `key card`", "key"),
            "timestamp" | "event_time" | "eventtime" | "ts" | "rowtime" => instead("time", "write `time at`"),
            "watermark" => self.habit(
                self.index,
                "a watermark follows from the source's `time`",
                "write `time at, out_of_order 5s`: how far events may come out of order",
            ),
            "history" if self.text(0) == "source" => self.habit(
                self.index,
                "`history` belongs to a table",
                "a table keeps replaced rows for it, which `join TABLE by KEY as of TIME` asks for; a source keeps nothing",
            ),
            "as" | "with" | "format" => self.habit(
                self.index,
                format!("`{here}` is no clause of a source"),
                "records are JSON; a format is said in the brackets: `kafka(\"…\", format: json)`",
            ),
            _ if MALFORMED.contains(&here) => {
                let arrow = matches!(next, "->" | "kafka");
                let habit = self.habit(
                    self.index,
                    format!("`{here}` is no clause of a source"),
                    "records that cannot be read go to `malformed -> kafka(\"…\")`",
                )?;
                let text = if next == "kafka" { "malformed ->" } else { "malformed" };
                Some(habit.mended_if(self.span(self.index), arrow.then(|| text.to_owned())))
            }
            "late" if next == "->" => {
                let message = "a source has no `late ->`: an event is late for a step";
                let note = "write it at the `window`, or at the `join` of two streams: `window tumbling 1h, grace 10m, late -> kafka(\"…\")`; how far events may come out of order is said here: `time at, out_of_order 5s`";
                self.habit(self.index, message, note)
            }
            _ if DISORDER.contains(&here) => {
                let habit = self.habit(self.index, format!("`{here}` is no clause of a source"), "how far events may come out of order is said with their time: `time at, out_of_order 5s`")?;
                let comma = if before == "," { "" } else { ", " };
                let place = if before == "," {
                    self.span(self.index)
                } else {
                    self.behind(self.index - 1).to(self.span(self.index))
                };
                Some(habit.mended_if(
                    place,
                    self.is_duration(self.index + 1).then(|| format!("{comma}out_of_order")),
                ))
            }
            _ => None,
        }
    }
}
