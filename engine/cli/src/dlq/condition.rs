//! `--where`: a condition of the language over what was set aside.

use super::found::Found;
use crate::eval::{Answer, Context, Format};
use anyhow::{Result, bail};
use serde_json::json;
use std::collections::BTreeMap;
use tidegate_dsl::{NoFiles, Options, Session, SourceFile};
use tidegate_model::Value;

/// What a condition can name.
const DECLARED: &str = "type Aside { route: string, step: string, code: string, message: string, topic: string, partition: int, offset: int, time: timestamp, key: string?, value: string? }\n";

pub struct Condition {
    context: Context,
    text: String,
}

impl Condition {
    pub fn new(text: &str) -> Result<Condition> {
        let options = Options { environment: &|_| None, params: &BTreeMap::new(), files: &NoFiles };
        let Ok(mut session) = Session::of_file(&SourceFile::new("dlq", DECLARED), &options) else {
            unreachable!("the declaration is right");
        };
        session.declare_event("Aside").expect("it is declared");
        let context = Context::of_declared(session);
        match context.check(text) {
            Ok(checked) if checked.ty == "bool" => {}
            Ok(checked) => bail!("--where: a condition is a bool, and this is {}", checked.ty),
            Err(refused) => bail!(
                "--where:\n{}",
                Answer::Refused { refused, is_without_event: false }.text(Format::Text).trim_end()
            ),
        }
        Ok(Condition { context, text: text.to_owned() })
    }

    /// Only what was set aside can fulfil a condition.
    pub fn holds(&mut self, found: &Found) -> Result<bool> {
        let Some(aside) = &found.aside else { return Ok(false) };
        let text = |bytes: &Option<Vec<u8>>| {
            bytes.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        let event = json!({
            "route": aside.route, "step": aside.step, "code": aside.code, "message": aside.message,
            "topic": &*aside.place.topic, "partition": aside.place.partition.0, "offset": aside.place.offset.0,
            "time": found.record.timestamp.to_string(),
            "key": text(&found.record.key), "value": text(&found.record.value),
        });
        if let Err(why) = self.context.set_event(&event.to_string()) {
            bail!("--where: {} cannot be looked at: {why}", found.at());
        }
        match self.context.answer(&self.text) {
            Answer::Value { value, .. } => Ok(value == Value::Bool(true)),
            other => bail!("--where: {}: {}", found.at(), other.text(Format::Text).trim_end()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_engine::Place;
    use tidegate_engine::log::OwnedRecord;
    use tidegate_engine::set_aside::SetAside;
    use tidegate_model::{EventTime, Offset, PartitionId, TopicPartition};

    fn found() -> Found {
        let aside = SetAside {
            topology: Some("volume".to_owned()),
            route: "malformed".to_owned(),
            place: Place { topic: "payments".into(), partition: PartitionId(2), offset: Offset(17) },
            step: "payments".to_owned(),
            code: "wrong_type".to_owned(),
            message: "`amount` must be a decimal".to_owned(),
            timestamp: None,
            idempotency_key: None,
        };
        let record = OwnedRecord {
            offset: Offset(4),
            timestamp: EventTime::from_millis(1_772_323_200_000),
            key: None,
            value: Some(b"{\"amount\":\"x\"}".to_vec()),
            headers: Vec::new(),
        };
        let partition = TopicPartition { topic: "payments.malformed".to_owned(), partition: PartitionId(0) };
        Found { partition, record, aside: Some(aside), is_replayed: false }
    }

    #[test]
    fn conditions_are_the_languages() {
        for (text, holds) in [
            ("code == \"wrong_type\" and partition == 2", true),
            ("contains(value ?? \"\", \"amount\")", true),
            ("key is not null", false),
            ("time < @2026-01-01T00:00:00Z", false),
        ] {
            let mut condition = Condition::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(condition.holds(&found()).expect("it is looked at"), holds, "{text}");
        }
        assert!(Condition::new("partition + 1").is_err_and(|error| error.to_string().contains("is int")));
        assert!(
            Condition::new("cod == \"x\"")
                .is_err_and(|error| error.to_string().contains("did you mean `code`?"))
        );
    }
}
