//! Paths into JSON: `$.a[0].b`, `$["a b"]`.

use crate::arguments::CallSite;
use crate::error::{BadArgument, FunctionError};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A longer path is a mistake.
const STEPS_MAX: usize = 64;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Field(String),
    /// From 0.
    Index(usize),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Path {
    steps: Vec<Step>,
}

impl Path {
    /// The path in a place of a call; the whole text if none is given.
    pub(super) fn new(site: &CallSite<'_>, argument: usize) -> Result<Path, BadArgument> {
        if argument >= site.len() {
            return Ok(Path { steps: Vec::new() });
        }
        let text = site.string(argument).unwrap_or_default();
        let bad = |message: String| {
            BadArgument::new(argument, message)
                .note("a path is written `$.items[0].price`, or `$[\"a name\"]`")
        };
        let Some(rest) = text.strip_prefix('$') else {
            return Err(bad("a path begins with `$`, which is the whole".to_owned()));
        };
        let steps = steps(rest).map_err(|rest| bad(format!("this path cannot be read from {rest:?} on")))?;
        if steps.len() > STEPS_MAX {
            return Err(bad(format!("a path has at most {STEPS_MAX} steps")));
        }
        Ok(Path { steps })
    }

    /// The text of the value at this path; None: there is none.
    pub(super) fn find<'t>(&self, json: &'t str) -> Result<Option<&'t str>, FunctionError> {
        let mut found: &RawValue =
            serde_json::from_str(json).map_err(|_| FunctionError::unreadable("JSON", json))?;
        for step in &self.steps {
            let mut deserializer = serde_json::Deserializer::from_str(found.get());
            // What was read whole before is JSON; only what is nested too deeply fails here.
            let inner = step.deserialize(&mut deserializer);
            match inner.map_err(|_| FunctionError::unreadable("JSON", json))? {
                Some(inner) => found = inner,
                None => return Ok(None),
            }
        }
        Ok(Some(found.get()))
    }
}

/// What follows the `$`; the error is what could not be read.
fn steps(mut text: &str) -> Result<Vec<Step>, &str> {
    let mut steps = Vec::new();
    while !text.is_empty() {
        let (step, rest) = step(text).ok_or(text)?;
        steps.push(step);
        text = rest;
    }
    Ok(steps)
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        return (!name.is_empty()).then(|| (Step::Field(name.to_owned()), rest));
    }
    let rest = text.strip_prefix('[')?;
    if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
        let (name, rest) = rest[1..].split_once(quote)?;
        return Some((Step::Field(name.to_owned()), rest.strip_prefix(']')?));
    }
    let (index, rest) = rest.split_once(']')?;
    let digits = index.bytes().all(|byte| byte.is_ascii_digit());
    Some((Step::Index(index.parse().ok().filter(|_| digits)?), rest))
}

/// Takes one step; None where the value has no such part.
impl<'de> DeserializeSeed<'de> for &Step {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Step {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        // Of a name that is there twice the last counts.
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self {
                Step::Field(wanted) if *wanted == *name => found = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let wanted = match self {
            Step::Index(index) => *index,
            Step::Field(_) => usize::MAX,
        };
        let mut found = None;
        let mut at = 0usize;
        loop {
            if at == wanted {
                found = seq.next_element()?;
                if found.is_none() {
                    return Ok(None);
                }
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            at += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
