//! Functions of JSON in texts. Only the asked part is read; the rest is passed over, and must be JSON too.

mod path;
mod value;

crate::define::functions! {
    json_valid, json_string, json_int, json_float, json_decimal, json_bool, json_type, json_length, json_list, json_keys, json_quote,
}
