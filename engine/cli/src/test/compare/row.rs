//! A row that is expected, and a row that came.

use serde_json::{Map, Value};
use tidegate_model::test_case::{DELETED, ExpectedRow};

/// So many fields that differ are named; of more rows say enough.
const NAMED_MAX: usize = 4;

pub struct Wanted<'a> {
    row: Value,
    open: &'a [Vec<String>],
}

/// How alike two rows are.
#[derive(Clone, Copy, Default)]
pub struct Alike {
    pub same: usize,
    pub fields: usize,
}

impl<'a> Wanted<'a> {
    pub fn new(expected: &'a ExpectedRow) -> Wanted<'a> {
        let row = serde_json::from_str(&expected.json).expect("rows are JSON");
        Wanted { row, open: &expected.open }
    }

    /// Is it this row?
    pub fn is(&self, got: &Value) -> bool {
        let alike = self.alike(got);
        alike.same == alike.fields
    }

    pub fn alike(&self, got: &Value) -> Alike {
        let mut alike = Alike::default();
        self.walk(got, &mut |_, wanted, got| {
            alike.fields += 1;
            alike.same += usize::from(wanted == got);
        });
        alike
    }

    /// The fields in which a row differs, by name.
    pub fn different(&self, got: &Value) -> String {
        let mut different = Vec::new();
        self.walk(got, &mut |path, wanted, got| {
            if wanted != got {
                let text =
                    |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
                different.push(format!("{path}: {} expected, {} came", text(wanted), text(got)));
            }
        });
        let more = different.len().saturating_sub(NAMED_MAX);
        different.truncate(NAMED_MAX);
        let more = if more > 0 { format!("; and {more} fields more") } else { String::new() };
        format!("  ^ {}{more}", different.join("; "))
    }

    /// Calls `visit` with each field that is compared: its path, what is wanted, what is there.
    fn walk(&self, got: &Value, visit: &mut dyn FnMut(&str, Option<&Value>, Option<&Value>)) {
        let is_deletion = |row: &Value| row.get(DELETED).is_some();
        if is_deletion(&self.row) != is_deletion(got) {
            // Not even `{ .. }` is a row that is no more.
            return visit("the row", Some(&self.row), Some(got));
        }
        self.walk_in(&self.row, Some(got), &mut Vec::new(), visit);
    }

    fn walk_in(
        &self,
        wanted: &Value,
        got: Option<&Value>,
        path: &mut Vec<String>,
        visit: &mut dyn FnMut(&str, Option<&Value>, Option<&Value>),
    ) {
        let (Value::Object(fields), Some(Value::Object(there))) = (wanted, got) else {
            return visit(&path.join("."), Some(wanted), got);
        };
        for (name, wanted) in fields {
            path.push(name.clone());
            self.walk_in(wanted, there.get(name), path, visit);
            path.pop();
        }
        if self.is_open(path) {
            return;
        }
        for (name, more) in there.iter().filter(|(name, _)| !fields.contains_key(*name)) {
            path.push(name.clone());
            visit(&path.join("."), None, Some(more));
            path.pop();
        }
    }

    fn is_open(&self, path: &[String]) -> bool {
        self.open.iter().any(|open| open == path)
    }

    /// Beside a row that is like it: with the fields that came where it leaves them open, so that only what matters differs.
    pub fn beside(&self, got: &Value) -> String {
        match self.alike(got).same {
            0 => self.shown(),
            _ => self.filled_in(&self.row, got, &mut Vec::new()).to_string(),
        }
    }

    fn filled_in(&self, wanted: &Value, got: &Value, path: &mut Vec<String>) -> Value {
        let (Value::Object(fields), Value::Object(there)) = (wanted, got) else { return wanted.clone() };
        // The order of what came, then what did not come.
        let mut filled = Map::new();
        for (name, got) in there {
            path.push(name.clone());
            let value = fields.get(name).map(|wanted| self.filled_in(wanted, got, path));
            path.pop();
            if let Some(value) = value.or_else(|| self.is_open(path).then(|| got.clone())) {
                filled.insert(name.clone(), value);
            }
        }
        for (name, wanted) in fields.iter().filter(|(name, _)| !there.contains_key(*name)) {
            filled.insert(name.clone(), wanted.clone());
        }
        Value::Object(filled)
    }

    /// As the test has it, with its `..`.
    pub fn shown(&self) -> String {
        let mut out = String::new();
        self.show(&self.row, &mut Vec::new(), &mut out);
        out
    }

    fn show(&self, value: &Value, path: &mut Vec<String>, out: &mut String) {
        let Value::Object(fields) = value else { return out.push_str(&value.to_string()) };
        out.push('{');
        for (index, (name, value)) in fields.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&Value::String(name.clone()).to_string());
            out.push(':');
            path.push(name.clone());
            self.show(value, path, out);
            path.pop();
        }
        match (self.is_open(path), fields.is_empty()) {
            (true, true) => out.push_str(".."),
            (true, false) => out.push_str(",.."),
            _ => {}
        }
        out.push('}');
    }
}
