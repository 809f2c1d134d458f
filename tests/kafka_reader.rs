//! The Kafka reader alone, on a real broker.

mod support;

use std::time::Duration;
use support::{pause, until};
use tidegate_engine::log::{GroupEvent, Reader};
use tidegate_kafka::{KafkaReader, Settings};
use tidegate_model::Offset;
use tidegate_sim::{Broker, Topics};

#[test]
fn after_a_seek_every_record_from_there_on_comes() {
    let broker = Broker::start();
    let topics = Topics::new(&broker.config());
    topics.create("numbers", 1, &[]);
    let rows: Vec<String> = (0..50_000).map(|n| format!("{n:0100}")).collect();
    topics.produce("numbers", rows.iter().map(|row| (Some(0), None, Some(row.as_bytes()))));
    let settings = Settings::new(&broker.address(), &[], "numbers", "one", Duration::from_millis(100))
        .expect("settings");
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
