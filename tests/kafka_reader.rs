//! The Kafka reader alone, on a real broker.

mod support;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;
use support::{pause, until};
use tidegate_engine::log::{GroupEvent, Reader, Record};
use tidegate_kafka::{KafkaReader, Options, Settings};
use tidegate_model::Offset;
use tidegate_sim::{Broker, Topics};

/// Behind the last record of a transaction there is its marker, which a consumer that has read nothing yet does not see.
#[test]
fn the_end_is_found_behind_markers_and_not_behind_an_open_transaction() {
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    topics.create("rows", 1, &[]);
    let producer: BaseProducer = broker.config().set("transactional.id", "t").create().expect("a producer");
    let wait = Duration::from_secs(30);
    producer.init_transactions(wait).expect("ready");
    let send = || {
        producer.begin_transaction().expect("begun");
        for row in ["a", "b"] {
            producer.send(BaseRecord::<(), str>::to("rows").payload(row).partition(0)).expect("taken");
        }
        producer.flush(wait).expect("sent");
    };
    send();
    producer.commit_transaction(wait).expect("committed");
    let settings =
        Settings::new(&broker.address(), &Options::default(), "rows", "one", Duration::from_millis(100));
    let mut reader = KafkaReader::join(&settings, 0, &["rows".to_owned()]).expect("joined");
    let partitions = until("the assignment", || match reader.poll_group().expect("no error") {
        Some(GroupEvent::Assigned(partitions)) => Some(partitions),
        _ => None,
    });
    // Two records were read and committed before.
    let starts: Vec<_> = partitions.into_iter().map(|partition| (partition, Offset(2))).collect();
    let slot = reader.assign(&starts).expect("assigned")[0];
    let at_end = |reader: &mut KafkaReader| {
        until("an answer", || reader.confirm_end(slot, Duration::from_secs(1)).ok())
    };
    assert!(at_end(&mut reader), "only a marker is behind it");
    send();
    assert!(!at_end(&mut reader), "a transaction is open");
    producer.abort_transaction(wait).expect("aborted");
    // The coordinator answers before it has written the marker.
    until("what was aborted is nothing", || at_end(&mut reader).then_some(()));
    send();
    producer.commit_transaction(wait).expect("committed");
    assert!(!at_end(&mut reader), "there are two records");
    let mut rows = Vec::new();
    until("the two records", || {
        reader.poll_group().expect("no error");
        let mut take = |record: Record<'_>| rows.push(record.value.map(<[u8]>::to_vec));
        reader.fetch(slot, 10, &mut take).expect("no error");
        (rows.len() == 2).then_some(())
    });
    assert!(at_end(&mut reader));
    reader.close(Duration::from_secs(5));
}

#[test]
fn after_a_seek_every_record_from_there_on_comes() {
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    topics.create("numbers", 1, &[]);
    let rows: Vec<String> = (0..50_000).map(|n| format!("{n:0100}")).collect();
    topics.produce("numbers", rows.iter().map(|row| (Some(0), None, Some(row.as_bytes()))));
    let settings =
        Settings::new(&broker.address(), &Options::default(), "numbers", "one", Duration::from_millis(100));
    let mut reader = KafkaReader::join(&settings, 0, &["numbers".to_owned()]).expect("joined");
    let partitions = until("the assignment", || match reader.poll_group().expect("no error") {
        Some(GroupEvent::Assigned(partitions)) => Some(partitions),
        _ => None,
    });
    let starts: Vec<_> = partitions.into_iter().map(|partition| (partition, Offset(0))).collect();
    let slot = reader.assign(&starts).expect("assigned")[0];
    for round in 0..30 {
        let mut read = 0;
        until("some records", || {
            reader.poll_group().expect("no error");
            read += reader.fetch(slot, 4096, &mut |_| {}).expect("no error");
            (read >= 3_000).then_some(())
        });
        let to = Offset(round * 100);
        until("the seek", || reader.seek(slot, to).ok());
        // Long enough for the first answer to be there.
        pause(Duration::from_millis((round % 5) as u64 * 5));
        let mut next = to.0;
        until("all of it again", || {
            reader.poll_group().expect("no error");
            reader
                .fetch(slot, 4096, &mut |record| {
                    assert_eq!(record.offset.0, next, "round {round}");
                    next += 1;
                })
                .expect("no error");
            (next >= to.0 + 10_000).then_some(())
        });
    }
    reader.close(Duration::from_secs(5));
}
