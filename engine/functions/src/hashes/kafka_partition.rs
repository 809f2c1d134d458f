use crate::define::*;

pub(crate) static FUNCTION: Function = Function {
    name: "kafka_partition",
    meaning: "The partition to which Kafka's producers send a key, among so many.",
    parameters: &[string("key"), int("partitions")],
    gives: Gives::Int,
    errors: &[OutOfRange],
    examples: &[
        gives(r#"kafka_partition("21", 12)"#, "0"),
        fails(r#"kafka_partition("21", 0)"#, OutOfRange).note("a topic has a partition"),
    ],
    body: Body::Direct(|arguments| {
        let given = arguments.int(1);
        let partitions = i32::try_from(given).ok().filter(|partitions| *partitions > 0);
        let wrong = || FunctionError::out_of_range("the number of partitions", "between 1 and 2147483647", given);
        let partitions = partitions.ok_or_else(wrong)?.unsigned_abs();
        let partition = tidegate_model::partition::partition_for(arguments.string(0).as_bytes(), partitions);
        Ok(Value::Int(i64::from(partition.0)))
    }),
    ..DEFAULTS
};
