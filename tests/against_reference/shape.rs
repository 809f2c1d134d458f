//! A topology in the making: its declarations, and what the generator must know of it.

use crate::case::BASE;

/// In microseconds: when the events of a case begin, and by what they are apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Times {
    pub begin: i64,
    pub unit: i64,
}

impl Default for Times {
    fn default() -> Times {
        Times { begin: BASE, unit: 1 }
    }
}

/// What a topology reads, and the streams that it makes of it.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The declarations behind those of the topics. Their names have a `$`, in whose place a number comes where a topology has several.
    pub body: String,
    pub topics: Vec<&'static str>,
    /// Its answer depends on the order in which events of different partitions are read, or on what was committed together.
    pub needs_order: bool,
    /// It says nothing about events that are older than the watermark of their partition.
    pub needs_on_time: bool,
    pub times: Times,
    /// There are records that are no events.
    pub has_malformed: bool,
}

/// Several shapes in one topology: they share sources, tasks, and so their watermark.
pub fn together(shapes: Vec<Shape>) -> Shape {
    let mut topics: Vec<&'static str> = shapes.iter().flat_map(|shape| shape.topics.clone()).collect();
    topics.sort_unstable();
    topics.dedup();
    Shape {
        needs_order: shapes.iter().any(|shape| shape.needs_order),
        needs_on_time: shapes.iter().any(|shape| shape.needs_on_time),
        // Windows of microseconds see events that are hours apart, too.
        times: shapes.iter().map(|shape| shape.times).max_by_key(|times| times.unit).unwrap_or_default(),
        has_malformed: shapes.iter().any(|shape| shape.has_malformed),
        body: shapes
            .iter()
            .enumerate()
            .map(|(number, shape)| shape.body.replace('$', &number.to_string()))
            .collect(),
        topics,
    }
}

/// The whole text; `NAME` stands for the topology's name.
pub fn text(shape: &Shape, out_of_order: i64) -> String {
    let mut text = String::from(
        "topology NAME\n\
         type Event { id: int, k: string, j: string, v: int, w: int?, x: decimal(18,2), at: timestamp }\n",
    );
    let malformed = if shape.has_malformed { "  malformed -> embedded(\"NAME.malformed\")\n" } else { "" };
    for topic in &shape.topics {
        text.push_str(&match *topic {
            "g" => "global table g: { k: string, v: int, w: int? } = embedded(\"NAME.g\") key k\n".to_owned(),
            // A shape may have a table of its own.
            "t" if shape.body.contains("table t:") => String::new(),
            "t" => "table t: { k: string, v: int, w: int? } = embedded(\"NAME.t\") key k\n".to_owned(),
            source => format!(
                "source {source}: Event = embedded(\"NAME.{source}\")\n  key k\n  time at, out_of_order {}us\n{malformed}",
                out_of_order * shape.times.unit
            ),
        });
    }
    text.push_str(&shape.body.replace('$', ""));
    text
}
