//! Reads simulated changelogs, as `engine/kafka/src/restorer.rs` reads them on Kafka.

use super::line::Line;
use super::planted::Planted;
use super::reader::killed;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidegate_engine::log::{LogError, Record, Restorer};
use tidegate_engine::standby::Members;
use tidegate_model::{Offset, TopicPartition};

pub struct SimRestorer {
    line: Line,
    parts: BTreeMap<TopicPartition, Part>,
}

struct Part {
    next: i64,
    to: i64,
}

impl SimRestorer {
    pub fn new(line: Line) -> SimRestorer {
        SimRestorer { line, parts: BTreeMap::new() }
    }
}

impl Restorer for SimRestorer {
    fn start(&mut self, partition: &TopicPartition, from: Offset, to: Offset) -> Result<(), LogError> {
        let late = i64::from(self.line.world.planted == Planted::RestoreTooLate);
        self.line.world.note("restoring", &[from.0, to.0]);
        self.line.world.count(|counts| counts.restores += 1);
        self.parts.insert(partition.clone(), Part { next: from.0 + late, to: to.0 });
        Ok(())
    }

    fn poll(
        &mut self,
        _timeout: Duration,
        visit: &mut dyn FnMut(&TopicPartition, Record<'_>),
    ) -> Result<Vec<(TopicPartition, Offset)>, LogError> {
        if !self.line.is_alive() {
            return Err(killed());
        }
        let world = &self.line.world;
        let markers = world.planted != Planted::ForgetMarkers;
        for (place, part) in &mut self.parts {
            if !self.line.is_open() || world.between(0, 3) == 0 {
                continue;
            }
            let cluster = world.cluster.borrow();
            let partition = cluster.partition(place);
            let mut read = part.next;
            let behind = partition.read(part.next, world.between(1, 40) as usize, &mut |offset, record| {
                // What was written after the restore began is its owner's, and this worker is the owner.
                if offset < part.to {
                    visit(
                        place,
                        Record {
                            offset: Offset(offset),
                            timestamp: record.timestamp,
                            key: record.key.as_deref(),
                            value: record.value.as_deref(),
                        },
                    );
                }
                read = offset + 1;
            });
            part.next = if markers { behind } else { read };
        }
        let position = |part: &Part| Offset(part.next.min(part.to));
        Ok(self.parts.iter().map(|(partition, part)| (partition.clone(), position(part))).collect())
    }

    fn stop(&mut self, partition: &TopicPartition) {
        self.parts.remove(partition);
    }
}

/// Who is in the group, as the world last saw it at rest.
pub type Seats = Arc<Mutex<BTreeSet<String>>>;

/// How a worker learns of the others, whose stores it may keep copies of.
pub struct SimMembers {
    pub own: String,
    pub seats: Seats,
    pub asked: bool,
}

impl Members for SimMembers {
    fn own(&self) -> &str {
        &self.own
    }

    fn ask(&mut self) {
        self.asked = true;
    }

    fn answer(&mut self) -> Option<BTreeSet<String>> {
        std::mem::take(&mut self.asked)
            .then(|| self.seats.lock().expect("no holder of this lock panics").clone())
    }
}
