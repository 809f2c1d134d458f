//! Random types and values of them, for property tests.

use proptest::prelude::*;
use tidegate_model::{Element, EnumType, RecordField, RecordType, ScalarType, Value, nested};

const LEVELS: u32 = 3;
const YEARS_0_TO_9999: std::ops::Range<i64> = -62_167_219_200_000_000..253_402_300_799_999_999;
const DAYS_0_TO_9999: std::ops::Range<i64> = -719_528..2_932_896;

fn key_type() -> BoxedStrategy<ScalarType> {
    let status = nested::enumeration(EnumType {
        name: "Status".to_owned(),
        variants: vec!["placed".to_owned(), "in transit".to_owned(), "\"é".to_owned()],
    });
    prop::sample::select(vec![
        ScalarType::String,
        ScalarType::Int,
        ScalarType::Date,
        ScalarType::Uuid,
        ScalarType::Enum(status),
    ])
    .boxed()
}

/// Any type of the language that a column may have.
pub(crate) fn any_type() -> BoxedStrategy<ScalarType> {
    let scalar = prop_oneof![
        key_type(),
        prop::sample::select(vec![
            ScalarType::Bool,
            ScalarType::Float,
            ScalarType::Timestamp,
            ScalarType::Duration,
            ScalarType::Bytes,
            ScalarType::Decimal { precision: 18, scale: 2 },
            ScalarType::Decimal { precision: 38, scale: 18 },
        ])
    ];
    scalar
        .prop_recursive(LEVELS, 16, 4, |inner| {
            let element = (inner.clone(), any::<bool>());
            let fields = prop::collection::btree_map("[a-z\"]{1,4}", element.clone(), 1..4);
            prop_oneof![
                element.clone().prop_map(|(ty, nullable)| ScalarType::list(ty, nullable)),
                (key_type(), element).prop_map(|(key, (ty, nullable))| ScalarType::map(key, ty, nullable)),
                // A record is no column, but may stand in a list.
                fields.prop_map(|fields| {
                    let fields = fields.into_iter().map(|(name, (ty, nullable))| RecordField {
                        name,
                        element: Element { ty, nullable },
                    });
                    let record = nested::record(RecordType { fields: fields.collect() });
                    ScalarType::list(ScalarType::Record(record), false)
                }),
            ]
        })
        .boxed()
}

/// A value of the type that is not null.
pub(crate) fn any_value(ty: ScalarType) -> BoxedStrategy<Value> {
    match ty {
        ScalarType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ScalarType::Int => any::<i64>().prop_map(Value::Int).boxed(),
        ScalarType::Float => any::<f64>()
            .prop_filter("JSON has no others", |float| float.is_finite())
            .prop_map(Value::Float)
            .boxed(),
        ScalarType::Decimal { precision, .. } => {
            let end = 10i128.pow(u32::from(precision));
            (-end + 1..end).prop_map(Value::Decimal).boxed()
        }
        ScalarType::String => any::<String>().prop_map(|text| Value::String(text.into())).boxed(),
        ScalarType::Timestamp => YEARS_0_TO_9999.prop_map(Value::Timestamp).boxed(),
        ScalarType::Duration => any::<i64>().prop_map(Value::Duration).boxed(),
        ScalarType::Bytes => any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())).boxed(),
        ScalarType::Date => DAYS_0_TO_9999.prop_map(Value::Date).boxed(),
        ScalarType::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        ScalarType::Enum(names) => {
            prop::sample::select(names.variants.clone()).prop_map(|name| Value::String(name.into())).boxed()
        }
        ScalarType::List(element) => prop::collection::vec(element_value(*element), 0..4)
            .prop_map(|values| Value::List(values.into()))
            .boxed(),
        ScalarType::Map(map) => prop::collection::vec((any_value(map.key), element_value(map.value)), 0..4)
            .prop_map(Value::map)
            .boxed(),
        ScalarType::Record(record) => {
            let fields: Vec<_> = record.fields.iter().map(|field| element_value(field.element)).collect();
            fields.prop_map(|values| Value::Record(values.into())).boxed()
        }
    }
}

fn element_value(element: Element) -> BoxedStrategy<Value> {
    match element.nullable {
        true => prop_oneof![1 => Just(Value::Null), 3 => any_value(element.ty)].boxed(),
        false => any_value(element.ty),
    }
}
