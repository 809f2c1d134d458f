//! What the editor has sent, in its order: read by a thread of its own, so that the server sees what is already waiting.

use crate::wire;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, sync_channel};

/// An editor that is further ahead waits until the server has caught up.
const WAITING_MAX: usize = 256;

pub struct Inbox {
    arriving: Receiver<io::Result<Value>>,
    waiting: VecDeque<io::Result<Value>>,
}

impl Inbox {
    /// The thread ends with the pipe, or with `exit`.
    pub fn read(mut input: impl BufRead + Send + 'static) -> Inbox {
        let (send, arriving) = sync_channel(WAITING_MAX);
        std::thread::spawn(move || {
            while let Some(message) = wire::read(&mut input).transpose() {
                let last = message.as_ref().map_or(true, |message| message["method"] == "exit");
                if send.send(message).is_err() || last {
                    break;
                }
            }
        });
        Inbox { arriving, waiting: VecDeque::new() }
    }

    /// The next message, if one is here already.
    pub fn here(&mut self) -> Option<io::Result<Value>> {
        self.waiting.extend(self.arriving.try_iter());
        self.waiting.pop_front()
    }

    /// The next message. None: the editor has closed the pipe.
    pub fn next(&mut self) -> Option<io::Result<Value>> {
        self.here().or_else(|| self.arriving.recv().ok())
    }

    /// Has the editor taken this request back since?
    pub fn is_cancelled(&self, id: &Value) -> bool {
        self.waiting
            .iter()
            .flatten()
            .any(|message| message["method"] == "$/cancelRequest" && message["params"]["id"] == *id)
    }
}
