//! Random topologies that are right, for tests of the tools and of the engine. The same seed gives the same text.

use crate::{SourceFile, compile};

/// A topology of the text form that compiles. Its layout and comments are random too.
pub fn topology(seed: u64) -> String {
    let mut random = Random(seed);
    loop {
        let text = Generator { random: Random(random.number()), ..Generator::default() }.file();
        // A few rules reach over the whole file (loops through repartitions): what breaks one is made anew.
        if compile(&SourceFile::new("generated.tide", text.clone()), &|_| None).plan.is_some() {
            return text;
        }
    }
}

/// A small generator of random numbers (SplitMix64, Steele et al. 2014): tests need the same answers for ever.
#[derive(Default)]
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    pub fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Bool,
    Int,
    Float,
    Money,
    String,
    Time,
}

#[derive(Clone, Debug)]
struct Field {
    path: String,
    ty: Type,
    nullable: bool,
}

#[derive(Clone, Debug)]
struct Stream {
    name: String,
    fields: Vec<Field>,
}

#[derive(Default)]
struct Generator {
    random: Random,
    out: String,
    sources: Vec<Stream>,
    streams: Vec<Stream>,
    tables: Vec<Stream>,
    /// What the expressions of the step in hand can name.
    event: Vec<Field>,
}

const EVENT: [(&str, Type, bool); 9] = [
    ("id", Type::String, false),
    ("card", Type::String, false),
    ("amount", Type::Money, false),
    ("n", Type::Int, false),
    ("rate", Type::Float, true),
    ("note", Type::String, true),
    ("big", Type::Bool, false),
    ("merchant.currency", Type::String, false),
    ("at", Type::Time, false),
];
const LENGTHS: [&str; 6] = ["5m", "1h", "90s", "1h30m", "250ms", "2d"];

impl Generator {
    fn file(mut self) -> String {
        self.comment_line();
        self.line("topology generated");
        self.line("type Merchant { id: string, currency: string }");
        self.line("type Event { id: string, card: string, amount: decimal(18,2), n: int, rate: float?, note: string?,");
        self.line("  big: bool, merchant: Merchant, at: timestamp }");
        self.line("param limit: int = env(\"LIMIT\", 7)");
        self.line("param least: decimal(18,2) = 1.50");
        self.line("fn size(amount: decimal(18,2), n: int) -> string = if amount >= least and n < limit { \"large\" } else { \"small\" }");
        for index in 0..1 + self.random.below(2) {
            self.source(index);
        }
        for index in 0..self.random.below(3) {
            self.table(index);
        }
        for index in 0..1 + self.random.below(5) {
            self.stream(index);
        }
        self.sinks();
        for index in 0..self.random.below(3) {
            self.test(index);
        }
        self.comment_line();
        self.out
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        if self.random.one_in(5) {
            self.out.push_str(self.random.pick(&[
                " // why not",
                "   // a mark: \"x\", 'y' # z",
                " //",
                " // {",
            ]));
        }
        self.out.push('\n');
        if self.random.one_in(6) {
            self.out.push('\n');
        }
    }

    fn comment_line(&mut self) {
        if self.random.one_in(3) {
            self.out.push_str(self.random.pick(&["// a comment\n", "// one\n// two\n", "//\n\n"]));
        }
    }

    fn length(&mut self) -> &'static str {
        self.random.pick(&LENGTHS)
    }

    fn source(&mut self, index: usize) {
        self.comment_line();
        let word = self.random.pick(&["kafka", "embedded"]);
        let format = self.random.pick(&["", ", format: json"]);
        self.line(&format!("source events{index}: Event = {word}(\"events.{index}\"{format})"));
        self.line("  key card");
        let clause = match self.random.below(5) {
            0 => "  time at".to_owned(),
            1 => format!("  time at, out_of_order {}", self.length()),
            2 => format!("  time at, idle {}", self.length()),
            3 => format!("  time at, ahead {}", self.length()),
            _ => format!("  time at, out_of_order {}, idle {}", self.length(), self.length()),
        };
        self.line(&clause);
        if self.random.one_in(2) {
            self.comment_in();
            self.line("  malformed -> kafka(\"malformed\")");
        }
        let fields = EVENT.map(|(path, ty, nullable)| Field { path: path.to_owned(), ty, nullable });
        self.sources.push(Stream { name: format!("events{index}"), fields: fields.to_vec() });
    }

    fn comment_in(&mut self) {
        if self.random.one_in(4) {
            self.out.push_str("  // inside\n");
        }
    }

    fn table(&mut self, index: usize) {
        self.comment_line();
        let text = format!(
            "table cards{index}: {{ card: string, tier: string, score: int? }} = kafka(\"cards.{index}\") key card"
        );
        self.line(&text);
        let fields =
            [("card", Type::String, false), ("tier", Type::String, false), ("score", Type::Int, true)];
        let fields = fields.map(|(path, ty, nullable)| Field { path: path.to_owned(), ty, nullable });
        self.tables.push(Stream { name: format!("cards{index}"), fields: fields.to_vec() });
    }

    fn stream(&mut self, index: usize) {
        self.comment_line();
        let all: Vec<Stream> = self.sources.iter().chain(&self.streams).cloned().collect();
        let name = format!("stream{index}");
        let input = all[self.random.below(all.len())].clone();
        let head = if self.sources.len() > 1 && self.random.one_in(4) {
            self.event = self.sources[0].fields.clone();
            format!("stream {name} = merge {}, {}", self.sources[0].name, self.sources[1].name)
        } else {
            self.event = input.fields.clone();
            format!("stream {name} = {}", input.name)
        };
        self.line(&head);
        for step in 0..self.random.below(5) {
            self.comment_in();
            self.step(index, step);
        }
        let fields = std::mem::take(&mut self.event);
        self.streams.push(Stream { name, fields });
    }

    fn step(&mut self, stream: usize, step: usize) {
        let alias = format!("step{step}");
        match self.random.below(10) {
            0 => {
                let condition = self.condition(2);
                let errors = if self.random.one_in(3) { ", errors -> kafka(\"errors\")" } else { "" };
                self.line(&format!("  |> filter {condition}{errors}"));
            }
            1 => self.map(),
            2 => {
                let kept: Vec<Field> =
                    self.event.iter().filter(|field| field.path != "note").cloned().collect();
                if kept.len() < self.event.len() {
                    self.line("  |> drop note");
                    self.event = kept;
                }
            }
            3 => {
                let name = format!("added{step}");
                if self.event.iter().all(|field| field.path != name) {
                    let (value, ty) = self.value(2);
                    self.line(&format!("  |> add {{ {name}: {value} }}"));
                    self.event.push(Field { path: name, ty, nullable: true });
                }
            }
            4 => self.aggregate(&alias),
            5 => {
                if let Some(by) = self.key() {
                    let (length, name) = (self.length(), format!("rolled{step}"));
                    let excluding = self.random.pick(&["", " excluding current"]);
                    let order = self.random.pick(&["", " ordered"]);
                    let late = match order {
                        "" => "",
                        _ => self.random.pick(&["", ", late -> kafka(\"late\")"]),
                    };
                    self.line(&format!(
                        "  |> rolling {length} by {by}{excluding}{order} {{ {name}: count() }}{late} as {alias}"
                    ));
                    self.event.push(Field { path: name, ty: Type::Int, nullable: false });
                }
            }
            6 => {
                if let Some(by) = self.key() {
                    let length = self.length();
                    self.line(&format!("  |> dedupe by {by} within {length} as {alias}"));
                }
            }
            7 => {
                if let Some(by) = self.key() {
                    let clock = self.random.pick(&["", ", replace", ", wall clock", ", replace, wall clock"]);
                    self.line(&format!("  |> schedule at at + 1h by {by}{clock} as {alias}"));
                }
            }
            8 => {
                if let Some(by) = self.key() {
                    self.line(&format!("  |> repartition by {by} as {alias}_{stream}"));
                }
            }
            _ => self.join(step),
        }
    }

    fn map(&mut self) {
        let mut fields = Vec::new();
        let mut parts = Vec::new();
        let plain: Vec<Field> =
            self.event.iter().filter(|field| !field.path.contains('.')).cloned().collect();
        for field in plain {
            if self.random.one_in(3) {
                continue;
            }
            parts.push(field.path.clone());
            fields.push(field);
        }
        for index in 0..1 + self.random.below(2) {
            let (value, ty) = self.value(3);
            let path = format!("made{index}");
            if fields.iter().all(|field| field.path != path) {
                parts.push(format!("{path}: {value}"));
                fields.push(Field { path, ty, nullable: true });
            }
        }
        let record = format!("{{ {} }}", parts.join(", "));
        if self.random.one_in(3) {
            let condition = self.condition(1);
            self.line(&format!("  |> map match {condition} {{ true => {record}, _ => drop }}"));
        } else {
            self.line(&format!("  |> map {record}"));
        }
        self.event = fields;
    }

    fn aggregate(&mut self, alias: &str) {
        let Some(by) = self.key() else { return };
        self.line(&format!("  |> group by {by}"));
        let window = match self.random.below(7) {
            0 | 1 => None,
            2 => Some("window tumbling 1h"),
            3 => Some("window hopping 1h every 10m, offset 5m"),
            4 => Some("window session gap 30m"),
            5 => Some("window sliding 10m"),
            _ => Some("window cumulate 1d every 6h in \"Europe/Paris\""),
        };
        if let Some(window) = &window {
            let rest = self.random.pick(&[
                ", grace 1m",
                ", late -> kafka(\"late\")",
                ", grace 90s, late -> kafka(\"late\")",
            ]);
            self.line(&format!("  |> {window}{rest}"));
        }
        let number =
            self.event.iter().find(|field| field.ty == Type::Int || field.ty == Type::Money).cloned();
        let sum = number.as_ref().map_or_else(String::new, |field| format!(", total: sum({})", field.path));
        self.line(&format!("  |> aggregate {{ events: count(){sum} }} as {alias}"));
        let emit = match (&window, self.random.below(4)) {
            (_, 0) => None,
            (Some(_), 1) => Some("final"),
            (_, 2) => Some("every 10s"),
            _ => Some("changes"),
        };
        if let Some(emit) = emit {
            self.line(&format!("  |> emit {emit}"));
        }
        let key = by
            .trim_matches(['(', ')'])
            .split(", ")
            .map(|path| path.rsplit('.').next().unwrap_or(path).to_owned());
        let fields = key.map(|path| Field { path, ty: Type::String, nullable: false });
        let mut fields: Vec<Field> = fields.collect();
        fields.push(Field { path: "events".to_owned(), ty: Type::Int, nullable: false });
        if window.is_some() {
            fields.push(Field { path: "window.start".to_owned(), ty: Type::Time, nullable: false });
        }
        self.event = fields;
    }

    fn join(&mut self, step: usize) {
        let Some(by) = self.key().filter(|by| !by.contains(',')) else { return };
        if self.tables.is_empty() {
            return;
        }
        let table = self.tables[self.random.below(self.tables.len())].clone();
        let left = self.random.one_in(2);
        let (word, alias) = (if left { "left join" } else { "join" }, format!("hit{step}"));
        self.line(&format!("  |> {word} {} as {alias} by {by}", table.name));
        if left {
            return;
        }
        let fields =
            table.fields.into_iter().map(|field| Field { path: format!("{alias}.{}", field.path), ..field });
        self.event.extend(fields);
    }

    /// One or two text fields that are never null.
    fn key(&mut self) -> Option<String> {
        let keys: Vec<String> = self
            .event
            .iter()
            .filter(|field| field.ty == Type::String && !field.nullable)
            .map(|field| field.path.clone())
            .collect();
        let first = keys.get(self.random.below(keys.len().max(1)))?;
        let second = keys.iter().find(|key| key.rsplit('.').next() != first.rsplit('.').next());
        match second.filter(|_| self.random.one_in(3)) {
            Some(second) => Some(format!("({first}, {second})")),
            None => Some(first.clone()),
        }
    }

    fn field(&mut self, ty: Type, nullable: bool) -> Option<String> {
        let fitting: Vec<String> = self
            .event
            .iter()
            .filter(|field| field.ty == ty && field.nullable == nullable)
            .map(|field| field.path.clone())
            .collect();
        if fitting.is_empty() { None } else { Some(fitting[self.random.below(fitting.len())].clone()) }
    }

    /// Any value, with its type.
    fn value(&mut self, depth: usize) -> (String, Type) {
        match self.random.below(5) {
            0 => (self.number(depth), Type::Int),
            1 => (self.condition(depth), Type::Bool),
            2 => match self.field(Type::Money, false) {
                Some(field) => (format!("{field} - 0.10 * {}", self.random.below(9)), Type::Float),
                None => (self.text(depth), Type::String),
            },
            3 => match self.field(Type::Time, false) {
                Some(field) => {
                    let length = self.length();
                    let after = format!("{field} + {length}");
                    (
                        self.random.pick(&[after.as_str(), "@2026-01-31T10:00:00Z", "@10:00"]).to_owned(),
                        Type::Time,
                    )
                }
                None => (self.number(depth), Type::Int),
            },
            _ => (self.text(depth), Type::String),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.field(Type::Int, false).unwrap_or_else(|| self.random.below(100).to_string());
        }
        match self.random.below(7) {
            0 => "limit".to_owned(),
            1 => format!("-{}", self.random.below(9)),
            2 => format!("length({})", self.text(depth - 1)),
            3 => format!(
                "({} - {}) * {}",
                self.number(depth - 1),
                self.number(depth - 1),
                self.random.below(9)
            ),
            4 => format!("{} - ({} - 1)", self.number(depth - 1), self.number(depth - 1)),
            5 => format!(
                "if {} {{ {} }} else {{ {} }}",
                self.condition(depth - 1),
                self.number(depth - 1),
                self.number(depth - 1)
            ),
            _ => self.number(0),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.field(Type::String, false).unwrap_or_else(|| "\"none\"".to_owned());
        }
        match self.random.below(8) {
            0 => "\"a, b: \\\"c\\\" # d\"".to_owned(),
            1 => format!("upper({})", self.text(depth - 1)),
            2 => format!("f\"{{{}}} of {{{{{{{}}}}}}}: it's\"", self.number(depth - 1), self.text(depth - 1)),
            3 => match self.field(Type::String, true) {
                Some(field) => format!("{field} ?? \"'\""),
                None => self.text(0),
            },
            4 => format!(
                "match {} {{ 0 => \"no\", 1 | -2 => \"few\", _ if {} => \"many\", _ => {} }}",
                self.number(depth - 1),
                self.condition(depth - 1),
                self.text(depth - 1)
            ),
            5 => format!(
                "if {} {{ {} }} else if {} {{ \"x\" }} else {{ {} }}",
                self.condition(depth - 1),
                self.text(depth - 1),
                self.condition(depth - 1),
                self.text(depth - 1)
            ),
            6 => match (self.field(Type::Money, false), self.field(Type::Int, false)) {
                (Some(money), Some(number)) => format!("size({money}, {number})"),
                _ => self.text(0),
            },
            _ => self.text(0),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.field(Type::Bool, false).unwrap_or_else(|| "true".to_owned());
        }
        match self.random.below(10) {
            0 => format!(
                "{} and ({} or {})",
                self.condition(depth - 1),
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            1 => format!("not ({} and {})", self.condition(depth - 1), self.condition(depth - 1)),
            2 => format!("not {}", self.condition(depth - 1)),
            3 => format!("{} in [\"EUR\", \"a'b\", {}]", self.text(depth - 1), self.text(depth - 1)),
            4 => format!("({}) not in (1, -2)", self.number(depth - 1)),
            5 => format!("{} between -1 and ({})", self.number(0), self.number(depth - 1)),
            6 => self
                .field(Type::String, true)
                .map_or_else(|| self.condition(0), |field| format!("{field} is not null")),
            7 => format!("({}) == ({})", self.text(depth - 1), self.text(depth - 1)),
            8 => self
                .field(Type::Float, true)
                .map_or_else(|| self.condition(0), |field| format!("({field} ?? 1e3) > 2.5e0")),
            _ => format!("{} >= {}", self.number(depth - 1), self.number(depth - 1)),
        }
    }

    fn sinks(&mut self) {
        for index in 0..self.streams.len() {
            let stream = self.streams[index].clone();
            for number in 0..1 + usize::from(self.random.one_in(4)) {
                let key = stream.fields.iter().find(|field| field.ty == Type::String && !field.nullable);
                let option = match (key, self.random.below(5)) {
                    (Some(key), 0) => format!(", key: {}", key.path),
                    (Some(key), 1) => format!(", compacted, key: {}", key.path),
                    (_, 2) => ", decimals: number, timestamps: millis".to_owned(),
                    _ => String::new(),
                };
                self.comment_line();
                self.line(&format!("sink {} -> kafka(\"out.{index}.{number}\"{option})", stream.name));
            }
        }
    }

    fn test(&mut self, index: usize) {
        self.comment_line();
        self.line(&format!("test \"number {index}: what comes, goes\" {{"));
        for _ in 0..1 + self.random.below(2) {
            self.comment_in();
            let source = self.random.below(self.sources.len());
            let rows: Vec<String> = (0..1 + self.random.below(3)).map(|row| self.row(row)).collect();
            let text = format!("  {} <- {}", self.sources[source].name, rows.join(",\n    "));
            self.line(&text);
        }
        if let Some(table) = self.tables.first().map(|table| table.name.clone()) {
            self.line(&format!("  {table} <- {{ card: \"c1\", tier: \"5\" }}, null key \"null\""));
        }
        self.line("  advance to @12:00");
        let stream = self.streams[self.random.below(self.streams.len())].clone();
        let row = stream.fields.iter().find(|field| field.ty == Type::String && !field.path.contains('.'));
        match row {
            Some(field) => self.line(&format!(
                "  expect {} == [ {{ {}: \"true\", .. }}, {{ .. }} ]",
                stream.name, field.path
            )),
            None => self.line(&format!("  expect {} == []", stream.name)),
        }
        if self.random.one_in(2) {
            self.line(&format!("  snapshot {}", stream.name));
        }
        self.line("}");
    }

    fn row(&mut self, number: usize) -> String {
        let note = self.random.pick(&[
            "",
            "note: null, ",
            "note: \"it's\\n1\", ",
            "note: \"\", ",
            "note: \"- x: y\", ",
        ]);
        let at = self.random.pick(&["@10:00", "@10:00:01", "@2026-01-01T10:00:00.5Z", "@2026-01-02"]);
        let (n, amount) = (self.random.below(9), self.random.below(900));
        format!(
            "{{ id: \"p{number}\", card: \"7\", amount: {amount}.50, n: -{n}, rate: 1e-3, {note}big: true, merchant: {{ id: \"m\", currency: \"EUR\" }}, at: {at} }}"
        )
    }
}
