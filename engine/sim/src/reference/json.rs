//! Rows as they leave: the key's text, and the value as JSON.

use serde_json::{Map, Value as Json};
use tidegate_model::plan::JsonFormat;
use tidegate_model::value::text;
use tidegate_model::{Schema, Value, json::write_value};

/// The columns as one object: a dotted path is a record in it, null where its presence says so.
pub fn object(schema: &Schema, values: &[Value], format: JsonFormat) -> Json {
    let mut root = Map::new();
    for (column, value) in schema.columns.iter().zip(values) {
        let mut names: Vec<&str> = column.path.split('.').collect();
        let last = names.pop().expect("a path has a name");
        let place = names.into_iter().try_fold(&mut root, |object, name| {
            object.entry(name).or_insert_with(|| Json::Object(Map::new())).as_object_mut()
        });
        // The record around it is null.
        let Some(place) = place else { continue };
        let json = match (column.presence, value) {
            (true, Value::Bool(true)) => Json::Object(Map::new()),
            (true, _) => Json::Null,
            (false, value) => {
                let mut out = Vec::new();
                write_value(value, column.ty, format, &mut out);
                serde_json::from_slice(&out).expect("a value is written as JSON")
            }
        };
        place.insert(last.to_owned(), json);
    }
    Json::Object(root)
}

/// One column: its plain text. Several: an object of them. None: it is null.
pub fn key_text(schema: &Schema, columns: &[usize], values: &[Value]) -> Option<String> {
    if let [column] = columns {
        let value = &values[*column];
        return (!value.is_null()).then(|| text(value, schema.columns[*column].ty));
    }
    let part = Schema::new(columns.iter().map(|column| schema.columns[*column].clone()).collect());
    let values: Vec<Value> = columns.iter().map(|column| values[*column].clone()).collect();
    Some(object(&part, &values, JsonFormat::default()).to_string())
}
