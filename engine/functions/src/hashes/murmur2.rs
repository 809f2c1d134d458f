use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "murmur2",
    meaning: "The hash by which Kafka's producers choose the partition of a key, as the signed 32 bits that Java gives.",
    parameters: &[string("text")],
    gives: Gives::Int,
    examples: &[
        gives(r#"murmur2("21")"#, "-973932308"),
        gives(r#"murmur2("foobar")"#, "-790332482").note("often below zero; see `kafka_partition`"),
    ],
    body: Body::Direct(|arguments| {
        let hash = tidegate_model::partition::murmur2(arguments.string(0).as_bytes());
        Ok(Value::Int(i64::from(hash as i32)))
    }),
    ..DEFAULTS
};
