//! The heads of sources, tables, streams and sinks.

use super::{Habit, Look};

impl Look<'_> {
    pub(super) fn sink(&self) -> Option<Habit> {
        if !self.is_word(1) {
            return None;
        }
        if let Some(habit) = self.sink_reversed() {
            return Some(habit);
        }
        let name = self.text(1);
        // `sink out = payments -> kafka("t")`, `sink out -> kafka("t") from payments`
        let arrow = self.find("->", 2, self.tokens.len());
        if self.text(2) == "=" && self.is_word(3) && arrow == Some(4) {
            let habit = self.habit(
                2,
                "a sink has no name of its own",
                format!("write `sink {} -> kafka(\"…\")`", self.text(3)),
            )?;
            return Some(habit.mended(self.range(1, 4), self.text(3)));
        }
        if self.near(0) == "from" && self.is_word(self.index + 1) {
            let from = self.near(1);
            let habit = self.habit(
                self.index,
                "a sink is named by the stream that leaves through it",
                format!("write `sink {from} -> kafka(\"…\")`"),
            )?;
            let connector = arrow.map(|arrow| format!("sink {from} {}", self.slice(arrow, self.index)));
            return Some(habit.mended_if(self.range(0, self.index + 2), connector));
        }
        if self.text(2) != "->" {
            let habit = self.sign_expected(2, "->", format!("write `sink {name} -> kafka(\"…\")`"))?;
            let replaced = matches!(self.text(2), "=" | "to" | ":" | "=>" | "|>" | "into" | ">" | "<-");
            return Some(
                habit.mended_if(
                    self.range(2, 3),
                    (replaced && self.is_word(3))
                        .then(|| if self.text(2) == ":" { " ->" } else { "->" }.to_owned()),
                ),
            );
        }
        if self.is_text(3) {
            let topic = self.text(3);
            let habit =
                self.habit(3, "a topic is named inside of `kafka(…)`", format!("write `kafka({topic})`"))?;
            return Some(habit.mended(self.span(3), format!("kafka({topic})")));
        }
        if self.is_word(3) && self.text(4) != "(" && self.text(4) != "." && !self.is_text(4) {
            let topic = self.text(3);
            let habit =
                self.habit(3, format!("`{topic}` is no topic"), format!("write `kafka(\"{topic}\")`"))?;
            return Some(habit.mended(self.span(3), format!("kafka(\"{topic}\")")));
        }
        None
    }

    /// `sink kafka("t") <- payments`
    fn sink_reversed(&self) -> Option<Habit> {
        if !matches!(self.text(1), "kafka" | "embedded") || self.text(2) != "(" {
            return None;
        }
        let close = self.closing(2)?;
        let topic = self.slice(1, close + 1);
        let (sign, stream) = (close + 1, close + 2);
        let named = matches!(self.text(sign), "<-" | "<" | "=" | "from" | ":" | "->");
        let stream = if self.text(sign) == "<" && self.text(stream) == "-" { stream + 1 } else { stream };
        let whole = named && self.is_word(stream) && stream + 1 == self.tokens.len();
        let text = format!("sink {} -> {topic}", if whole { self.text(stream) } else { "STREAM" });
        let habit =
            self.habit(1, "a sink names its stream first, and then the topic", format!("write `{text}`"))?;
        Some(habit.mended_if(self.range(0, self.tokens.len()), whole.then_some(text)))
    }

    pub(super) fn source(&self) -> Option<Habit> {
        let word = if self.text(0) == "source" { "source" } else { "table" };
        let at = usize::from(self.text(0) == "global");
        if !self.is_word(at + 1) || word == "table" && self.text(at + 2) == "=" {
            return None;
        }
        let name = self.text(at + 1);
        let form = format!("{word} {name}: TYPE = kafka(\"…\")");
        if self.text(at + 2) != ":" {
            let note = match word {
                "source" => format!("a source says the type of its events: `{form}`"),
                _ => format!(
                    "a table of a topic says the type of its rows: `{form} key FIELD`; one that is made of a stream is `table {name} = STREAM |> …`"
                ),
            };
            return self.sign_expected(at + 2, ":", note);
        }
        let end = self.tokens.len();
        let Some(equals) = self.find("=", at + 2, end) else {
            let note = format!("a source says its topic: `{form}`");
            let instead = (at + 3..end).find(|index| {
                matches!(self.text(*index), "from" | "<-" | "->" | "in") && self.depth(*index) == 0
            });
            return match instead {
                Some(index) => Some(self.sign_expected(index, "=", note)?.mended(self.span(index), "=")),
                None if matches!(self.near(0), "kafka" | "embedded") => {
                    Some(self.sign_expected(self.index, "=", note)?.mended(self.before(self.index), "= "))
                }
                None => self.sign_expected(end, "=", note),
            };
        };
        if self.is_text(equals + 1) {
            let topic = self.text(equals + 1);
            let habit = self.habit(
                equals + 1,
                "a topic is named inside of `kafka(…)`",
                format!("write `kafka({topic})`"),
            )?;
            return Some(habit.mended(self.span(equals + 1), format!("kafka({topic})")));
        }
        None
    }

    pub(super) fn stream(&self) -> Option<Habit> {
        let (second, third) = (self.text(2), self.text(3));
        if !self.is_word(1) {
            return None;
        }
        let name = self.text(1);
        let is_table = self.text(0) == "table";
        if second == ":" && !is_table {
            // The type of a stream follows from its steps.
            let end = self.find("|>", 2, self.tokens.len()).unwrap_or(self.tokens.len());
            if let Some(equals) = self.find("=", 2, end) {
                let habit = self.habit(
                    2,
                    "a stream's type follows from its steps, and is not said",
                    format!("write `stream {name} = …`"),
                )?;
                return Some(habit.mended(self.range(2, equals + 1), " ="));
            }
        }
        if second != "=" && !is_table {
            let habit = self.sign_expected(2, "=", format!("write `stream {name} = INPUT |> …`"))?;
            let replaced = matches!(second, "from" | ":" | "<-" | "->" | ":=" | "is") && self.is_word(3);
            return Some(habit.mended_if(
                self.range(2, 3),
                replaced.then(|| if second == ":" { " =" } else { "=" }.to_owned()),
            ));
        }
        if matches!(third, "kafka" | "embedded") {
            let topic = self.slice(3, self.closing(4).map_or(4, |close| close + 1));
            let note = match is_table {
                true => format!("write `table {name}: TYPE = {topic} key FIELD`"),
                false => format!("write `source {name}: TYPE = {topic}`; streams read it by its name"),
            };
            let what = if is_table {
                "a table of a topic says the type of its rows"
            } else {
                "a topic is read by a source"
            };
            return self.habit(if is_table { 2 } else { 3 }, what, note);
        }
        if matches!(third, "select" | "from") {
            return self.habit(
                3,
                format!("`{third}` does not begin a stream"),
                "a stream begins with the name of what it reads: `payments |> filter … |> map { … }`",
            );
        }
        None
    }
}
