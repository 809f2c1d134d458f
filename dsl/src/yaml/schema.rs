//! The JSON Schema of the YAML form, for editors: written from the tables of keys that the reader takes.
//!
//! It says what is of the right shape; names, types and expressions are the check's. Only what draft 7 and draft 2020-12
//! mean alike is used, besides the word `$defs`, so that older editors understand it too.

use super::keys::{BESIDE, STEPS, TOPOLOGY};
use super::shape::{Field, Says, Shape, Table};
use crate::check::declared::type_names;
use crate::ide::meaning;
use serde_json::{Map, Value, json};

const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
const PATH: &str = "^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$";
/// A field of a row, or `..` for those that are left open.
const ROW_KEY: &str = "^(\\.\\.|[A-Za-z_][A-Za-z0-9_]*)$";
const DURATION: &str = "^([0-9]+(ms|us|d|h|m|s))+$";
const DESCRIPTION: &str = "A Tidegate topology in its YAML form. Editors take the schema from the file's first line: \
`# yaml-language-server: $schema=topology.schema.json`. `tidegate check` tells what a schema cannot: names, types and expressions.";

/// The JSON Schema (draft 2020-12) of the YAML form.
pub fn schema() -> String {
    let mut defs = Defs(Map::new());
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tidegate topology",
        "description": DESCRIPTION,
    });
    extend(&mut root, defs.table(&TOPOLOGY));
    root["$defs"] = Value::Object(defs.0);
    let mut text = serde_json::to_string_pretty(&root).expect("it is JSON");
    text.push('\n');
    text
}

/// What is referred to by name, in the order in which it was met.
struct Defs(Map<String, Value>);

impl Defs {
    fn refer(&mut self, name: &str, make: impl FnOnce(&mut Defs) -> Value) -> Value {
        if !self.0.contains_key(name) {
            // A shape may hold itself.
            self.0.insert(name.to_owned(), Value::Null);
            let made = make(self);
            self.0.insert(name.to_owned(), made);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn table(&mut self, table: &Table) -> Value {
        let mut made = self.object([table]);
        if table.is_filled {
            made["minProperties"] = json!(1);
        }
        match table.one_of {
            [] => {}
            [names] => made["oneOf"] = one_of(names),
            groups => {
                made["allOf"] = groups.iter().map(|names| json!({ "oneOf": one_of(names) })).collect();
            }
        }
        made
    }

    /// One word, and what may stand beside it.
    fn step(&mut self) -> Value {
        let mut made = self.object([&STEPS, &BESIDE]);
        made["oneOf"] = one_of(&STEPS.names());
        made
    }

    fn object<'t>(&mut self, tables: impl IntoIterator<Item = &'t Table>) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in tables.into_iter().flat_map(|table| table.fields) {
            let mut property = json!({ "description": description(field) });
            extend(&mut property, self.shape(&field.shape));
            properties.insert(field.name.to_owned(), property);
            if field.needed {
                required.push(field.name);
            }
        }
        let mut made = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            made["required"] = json!(required);
        }
        made["additionalProperties"] = json!(false);
        made
    }

    fn shape(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Null => json!({ "type": "null" }),
            Shape::Name => self.refer("name", |_| {
                json!({ "description": "Letters, digits and underscores.", "type": "string", "pattern": NAME })
            }),
            Shape::Names => {
                let name = self.shape(&Shape::Name);
                json!({ "type": "array", "items": name, "minItems": 1 })
            }
            Shape::Path => self.refer("path", |_| {
                json!({ "description": "A field, such as `merchant.id`.", "type": "string", "pattern": PATH })
            }),
            Shape::Paths => {
                let path = self.shape(&Shape::Path);
                json!({ "anyOf": [path, { "type": "array", "items": path, "minItems": 1 }] })
            }
            Shape::Text => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Words(words) => json!({ "enum": words }),
            // YAML's own true, or one in quotes.
            Shape::Flag => json!({ "type": ["boolean", "string"], "pattern": "^(true|false)$" }),
            Shape::Count => json!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+$" }),
            Shape::Duration => self.refer("duration", |_| {
                json!({
                    "description": "A length of time: `250ms`, `90s`, `1h30m`, `7d`.",
                    "type": "string",
                    "pattern": DURATION,
                })
            }),
            Shape::Moment => json!({ "type": "string", "pattern": "^@" }),
            Shape::Expression => self.refer("expression", |_| {
                json!({
                    "description": "An expression of the language, such as `amount > 10 and status == \"paid\"`. One with a comma, a brace or `: ` in it is quoted, as YAML demands.",
                    "type": ["string", "number", "boolean", "null"],
                })
            }),
            Shape::Value => self.refer("value", |defs| {
                let expression = defs.shape(&Shape::Expression);
                let item = json!({ "$ref": "#/$defs/value" });
                json!({
                    "description": "An expression, or a record of them (a map), or a list.",
                    "anyOf": [
                        expression,
                        { "type": "array", "items": item },
                        { "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": item },
                    ],
                })
            }),
            Shape::By => self.refer("by", |_| {
                let text = json!({ "type": ["string", "number", "boolean"] });
                json!({ "description": "A field, or several.", "anyOf": [text, { "type": "array", "items": text, "minItems": 1 }] })
            }),
            Shape::Type => self.refer("type", |_| type_expr()),
            Shape::Row => json!({ "type": "object", "propertyNames": { "pattern": ROW_KEY } }),
            Shape::Map(table) => self.refer(table.name, |defs| defs.table(table)),
            Shape::Step => self.refer(STEPS.name, Defs::step),
            Shape::List(item) => {
                let item = self.shape(item);
                json!({ "type": "array", "items": item })
            }
            Shape::Some(item) => {
                let item = self.shape(item);
                json!({ "type": "array", "items": item, "minItems": 1 })
            }
            Shape::Named(value) => self.by_name(value, NAME),
            Shape::SomeNamed(value) => {
                let mut made = self.by_name(value, NAME);
                made["type"] = json!("object");
                made["minProperties"] = json!(1);
                made
            }
            Shape::One(value) => {
                let mut made = self.by_name(value, NAME);
                made["type"] = json!("object");
                made["minProperties"] = json!(1);
                made["maxProperties"] = json!(1);
                made
            }
            Shape::PathNamed(value) => {
                let mut made = self.by_name(value, PATH);
                made["type"] = json!("object");
                made
            }
            Shape::Files(value) => {
                let value = self.shape(value);
                json!({ "type": "object", "additionalProperties": value })
            }
            Shape::Either(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| self.shape(shape)).collect();
                json!({ "anyOf": shapes })
            }
        }
    }

    /// A section may be empty: its key without anything behind it.
    fn by_name(&mut self, value: &Shape, pattern: &str) -> Value {
        let value = self.shape(value);
        json!({
            "type": ["object", "null"],
            "propertyNames": { "pattern": pattern },
            "additionalProperties": value,
        })
    }
}

fn type_expr() -> Value {
    let mut words: Vec<&str> = type_names().collect();
    // Without its digits it is none.
    words.retain(|name| *name != "decimal");
    words.push("decimal(18,2)");
    let inner = json!({ "$ref": "#/$defs/type" });
    json!({
        "description": "A type: built in, or a declared one; `T?` may be null, `[T]` is a list, `{ string: T }` a map, `{ field: T }` a record.",
        "anyOf": [
            { "enum": words },
            { "type": "string" },
            { "type": "array", "items": inner, "minItems": 1, "maxItems": 1 },
            { "type": "object", "propertyNames": { "pattern": NAME }, "additionalProperties": inner },
        ],
    })
}

fn one_of(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "required": [name] })).collect()
}

/// What an editor shows at the key.
fn description(field: &Field) -> String {
    match field.says {
        Says::Here(sentence) => sentence.to_owned(),
        Says::Keyword(word) => {
            let (form, meaning) = meaning(word).expect("every keyword has its sentence");
            format!("{meaning}\n\nIn the text form: `{form}`")
        }
    }
}

fn extend(map: &mut Value, with: Value) {
    if let (Value::Object(map), Value::Object(with)) = (map, with) {
        map.extend(with);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `one of` speaks of keys that there are.
    #[test]
    fn groups_are_of_known_keys() {
        let schema: Value = serde_json::from_str(&schema()).expect("it is JSON");
        let mut tables: Vec<&Value> = schema["$defs"].as_object().expect("a map").values().collect();
        tables.push(&schema);
        let mut groups = 0;
        for table in tables {
            let all = table["allOf"].as_array().into_iter().flatten().chain([table]);
            for required in all.filter_map(|group| group["oneOf"].as_array()).flatten() {
                let name = required["required"][0].as_str().expect("a key");
                assert!(table["properties"].get(name).is_some(), "{name}");
                groups += 1;
            }
        }
        assert!(groups > 30, "{groups}");
    }
}
