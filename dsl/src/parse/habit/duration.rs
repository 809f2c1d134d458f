//! A length of time in another spelling.

use super::{Habit, Look};

const UNITS: &str = "lengths of time are written `90s`, `10m`, `1h30m`, `7d` (units: us, ms, s, m, h, d)";

impl Look<'_> {
    pub(super) fn duration(&self) -> Option<Habit> {
        let wanted = |word: &str| {
            matches!(
                word,
                "within"
                    | "every"
                    | "tumbling"
                    | "hopping"
                    | "grace"
                    | "rolling"
                    | "out_of_order"
                    | "idle"
                    | "sliding"
                    | "gap"
                    | "cumulate"
                    | "offset"
                    | "granularity"
            )
        };
        let mut at = self.index;
        // A unit may follow the number, or `rows`: the grammar stops behind it.
        if at > 1 && wanted(self.text(at - 2)) && self.text(at - 1).bytes().all(|byte| byte.is_ascii_digit())
        {
            at -= 1;
        }
        // In YAML the length is a text of its own.
        let length = self.index == 1 && self.is_number(0)
            || self.index == 0 && self.expects("a length of time such as `10m`");
        let alone = !self.is_declaration && self.tokens.len() == 1 && length;
        at -= usize::from(alone && self.index == 1);
        let word = at.checked_sub(1).map_or("", |before| self.text(before));
        if !alone && !wanted(word) {
            return self.time();
        }
        let (here, next) = (self.text(at), self.text(at + 1));
        let wrong = |length: usize, mend: Option<String>| {
            let place = self.range(at, at + length);
            let message = format!("`{}` is no length of time", self.slice(at, at + length));
            Some(Habit::new(place, message, UNITS).mended_if(place, mend))
        };
        if here == ":" || here == "=" {
            let habit = self.habit(
                at,
                format!("`{here}` does not belong behind `{word}`"),
                format!("write `{word} 30s`"),
            )?;
            return Some(habit.mended(self.span(at), ""));
        }
        if here.eq_ignore_ascii_case("interval") {
            let inside = next.trim_matches(['"', '\'']);
            let unit = unit_of(&self.text(at + 2).to_ascii_lowercase());
            let mend =
                unit.filter(|_| !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit()));
            return match mend {
                Some(unit) => wrong(3, Some(format!("{inside}{unit}"))),
                None => wrong(1, None),
            };
        }
        if let Some(length) = iso(here.trim_matches('"')) {
            return wrong(1, Some(length));
        }
        let inside = here.trim_matches('"');
        let digits: String = inside.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return None;
        }
        let unit = inside[digits.len()..].trim().to_ascii_lowercase();
        if unit.is_empty() && next.chars().all(char::is_alphabetic) {
            let short = unit_of(&next.to_ascii_lowercase());
            return if next.is_empty() || short.is_none() {
                wrong(1, None)
            } else {
                wrong(2, short.map(|unit| digits + unit))
            };
        }
        wrong(1, unit_of(&unit).map(|unit| digits + unit))
    }
}

impl Look<'_> {
    /// `at: 10:00`, `2026-01-01T10:00:00Z`, `TIMESTAMP '…'`, `5 minutes`, `interval '5' minute` in an expression.
    fn time(&self) -> Option<Habit> {
        let (before, here, next) = (self.near(-1), self.near(0), self.near(1));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let note = "a time begins with `@`: `@2026-01-01T10:05:00Z`, or `@10:05` in a test";
        let from = if here == ":"
            && digits(before)
            && before.len() <= 2
            && next.starts_with(|c: char| c.is_ascii_digit())
        {
            self.index - 1
        } else if self.is_number(self.index)
            && before == "-"
            && self.near(-3) == "-"
            && digits(self.near(-4))
            && self.near(-4).len() == 4
        {
            self.index - 4
        } else {
            return self.length_in_words();
        };
        // What follows without a space belongs to it.
        let mut end = self.index + 1;
        while end < self.tokens.len()
            && self.behind(end - 1).end == self.span(end).start
            && (self.is_number(end) || self.is_word(end) || matches!(self.text(end), ":" | "-" | "+"))
        {
            end += 1;
        }
        let text = format!("@{}", self.slice(from, end));
        let habit = Habit::new(
            self.range(from, end),
            format!("`{}` does not belong here", self.slice(from, end)),
            note,
        );
        Some(habit.mended(self.range(from, end), text))
    }

    fn length_in_words(&self) -> Option<Habit> {
        let (before, here) = (self.near(-1), self.near(0));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if before.eq_ignore_ascii_case("interval") && matches!(here, "'" | "\"") {
            let (number, unit) = (self.near(1), unit_of(&self.near(3).to_ascii_lowercase()));
            let text = unit.filter(|_| digits(number)).map(|unit| format!("{number}{unit}"));
            let habit = self.habit(self.index - 1, format!("`{before}` does not belong here"), UNITS)?;
            return Some(habit.mended_if(self.range(self.index - 1, self.index + 4), text));
        }
        if matches!(before.to_ascii_lowercase().as_str(), "timestamp" | "datetime")
            && (here == "'" || self.is_text(self.index))
        {
            return self.habit(
                self.index - 1,
                format!("`{before}` does not belong here"),
                "a point in time is written `@2026-01-01T10:05:00Z`",
            );
        }
        let unit =
            unit_of(&here.to_ascii_lowercase()).filter(|_| digits(before) && self.is_word(self.index))?;
        // `5 s` may be a name behind a number.
        if here.len() < 2 {
            return None;
        }
        self.instead(-1, 2, UNITS, &format!("{before}{unit}"))
    }
}

/// `PT1H30M` and `P1D`, as they are written here.
fn iso(text: &str) -> Option<String> {
    let rest = text.to_ascii_uppercase();
    let rest = rest.strip_prefix('P')?;
    let (mut out, mut digits, mut in_time) = (String::new(), String::new(), false);
    for char in rest.chars() {
        let unit = match char {
            '0'..='9' => {
                digits.push(char);
                continue;
            }
            'T' => {
                in_time = true;
                continue;
            }
            'W' => {
                let weeks: u32 = std::mem::take(&mut digits).parse().ok()?;
                digits = weeks.checked_mul(7)?.to_string();
                "d"
            }
            'D' => "d",
            'H' => "h",
            'M' if in_time => "m",
            'S' => "s",
            _ => return None,
        };
        if digits.is_empty() {
            return None;
        }
        out.push_str(&std::mem::take(&mut digits));
        out.push_str(unit);
    }
    (!out.is_empty() && digits.is_empty()).then_some(out)
}

fn unit_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "us" | "micros" | "microseconds" => "us",
        "ms" | "msec" | "millis" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn lengths_of_iso_8601() {
        assert_eq!(iso("PT5M").as_deref(), Some("5m"));
        assert_eq!(iso("pt1h30m").as_deref(), Some("1h30m"));
        assert_eq!(iso("P1DT2S").as_deref(), Some("1d2s"));
        assert_eq!(iso("P2W").as_deref(), Some("14d"));
        assert_eq!(iso("P1M"), None, "a month has no one length");
        assert_eq!(iso("PATH"), None);
        assert_eq!(iso("P"), None);
    }
}
