//! Where a record was read, for messages and headers.

use crate::batch::Origin;
use std::fmt;
use std::sync::Arc;
use tidegate_model::{Offset, PartitionId};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub topic: Arc<str>,
    pub partition: PartitionId,
    pub offset: Offset,
}

impl Place {
    pub fn of(origin: &Origin, row: usize) -> Place {
        Place { topic: origin.topic.clone(), partition: origin.partition, offset: origin.offsets[row] }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.topic, self.partition.0, self.offset.0)
    }
}
