//! A TCP proxy in front of brokers, for faults of the network: it cuts, refuses, holds and delays, and it can take one given request or
//! answer out of the stream, since it reads Kafka's frames (`frame.rs`).

use crate::frame::{Api, Request, correlation_of_answer, read_frame};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How long something that must happen is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is done with the one request, or its answer, that a rule waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// The request is kept until [`Proxy::release_requests`], and its client is cut off.
    HoldRequest,
    /// The request arrives, its answer does not: the client is cut off instead.
    LoseAnswer,
    /// The request arrives, and its answer is kept until [`Proxy::release_answers`]; the connection stays.
    HoldAnswer,
    /// The client is cut off before the request, which never arrives.
    LoseRequest,
}

/// How all of a proxy's connections are treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weather {
    /// New connections are closed at once.
    pub refuses: bool,
    /// Requests wait.
    pub holds_requests: bool,
    /// Answers wait.
    pub holds_answers: bool,
    /// Each frame takes so much longer.
    pub delay: Duration,
    /// At most so many bytes in a second, in each direction of each connection.
    pub bytes_per_second: Option<u32>,
}

/// What the proxy has seen: with this a test knows whether its fault has bitten.
#[derive(Clone, Default, Debug)]
pub struct Seen {
    /// Requests that were passed on, by kind and by their first name (transactional id, or group).
    pub requests: BTreeMap<(Api, String), u64>,
    /// Answers that were passed on.
    pub answers: BTreeMap<(Api, String), u64>,
    /// Requests or answers that a rule took out, with the first name of each.
    pub taken: Vec<(Api, String)>,
    /// Answers that came and were kept.
    pub held_answers: u64,
    /// Connections that were cut off.
    pub cut: u64,
    pub refused: u64,
    /// Frames that had to wait for the weather.
    pub waited: u64,
    /// Answers to requests that were released after their client had gone.
    pub late_answers: Vec<(Api, Vec<u8>)>,
}

impl Seen {
    /// Answers of a kind that were passed on, to a name or to any.
    pub fn answered(&self, api: Api, name: Option<&str>) -> u64 {
        let of = |key: &(Api, String)| key.0 == api && name.is_none_or(|name| key.1 == name);
        self.answers.iter().filter(|(key, _)| of(key)).map(|(_, count)| count).sum()
    }
}

struct Rule {
    api: Api,
    name: Option<String>,
    act: Act,
}

struct Connection {
    client: TcpStream,
    server: TcpStream,
    /// Held while an answer is written to the client.
    answering: Arc<Mutex<()>>,
    /// What was asked and not answered yet: answers come in this order.
    asked: VecDeque<Asked>,
    client_gone: bool,
    /// Requests and answers that are held.
    held: u32,
    /// Kinds that were asked on it.
    kinds: Vec<Api>,
}

struct Asked {
    correlation: i32,
    api: Api,
    name: String,
    act: Option<Act>,
    late: bool,
}

/// A frame that waits to be released.
struct Held {
    connection: u64,
    api: Api,
    name: String,
    frame: Vec<u8>,
    is_answer: bool,
}

#[derive(Default)]
struct State {
    targets: BTreeMap<usize, u16>,
    weather: Weather,
    rules: Vec<Rule>,
    connections: BTreeMap<u64, Connection>,
    next: u64,
    held: Vec<Held>,
    seen: Seen,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

/// Listens on one port for each broker of a cluster. Ends with the value.
pub struct Proxy {
    shared: Arc<Shared>,
    ports: Vec<u16>,
}

impl Proxy {
    /// A proxy for `brokers` brokers, whose addresses follow by [`Proxy::forward`].
    pub fn start(brokers: usize) -> Proxy {
        let shared = Arc::new(Shared::default());
        let mut ports = Vec::new();
        for index in 0..brokers {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            ports.push(listener.local_addr().expect("it has an address").port());
            let shared = Arc::clone(&shared);
            thread("proxy", move || accept(&shared, index, &listener));
        }
        Proxy { shared, ports }
    }

    /// The proxy's ports: the one that stands for each broker.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// `host:port` of all brokers behind it.
    pub fn address(&self) -> String {
        self.ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    /// Connections for the broker of that index go to this port of the loopback interface.
    pub fn forward(&self, index: usize, port: u16) {
        self.shared.state().targets.insert(index, port);
    }

    /// Forgets its rules, what it holds and what it has seen, and cuts every connection.
    pub fn reset(&self) {
        self.cut(None);
        let mut state = self.shared.state();
        state.weather = Weather::default();
        state.rules.clear();
        state.held.clear();
        state.seen = Seen::default();
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Changes how all connections are treated; None changes back.
    pub fn set(&self, weather: Option<Weather>) {
        self.shared.state().weather = weather.unwrap_or_default();
        self.shared.changed.notify_all();
    }

    /// The next request of a kind is treated so; with a name, the next one of that name.
    pub fn arm(&self, api: Api, name: Option<&str>, act: Act) {
        self.shared.state().rules.push(Rule { api, name: name.map(str::to_owned), act });
    }

    /// Cuts the connections on which requests of a kind were asked, or all. Returns how many there were.
    pub fn cut(&self, of: Option<Api>) -> usize {
        let mut state = self.shared.state();
        let mut cut = 0;
        for connection in state.connections.values() {
            if of.is_none_or(|api| connection.kinds.contains(&api)) {
                let _ = connection.client.shutdown(Shutdown::Both);
                let _ = connection.server.shutdown(Shutdown::Both);
                cut += usize::from(!connection.client_gone);
            }
        }
        state.seen.cut += cut as u64;
        cut
    }

    /// Sends on the requests of a kind that rules hold. Returns how many.
    pub fn release_requests(&self, api: Api) -> usize {
        self.release(|held| held.api == api && !held.is_answer)
    }

    /// Sends on the answers of a kind that rules hold. Returns how many.
    pub fn release_answers(&self, api: Api) -> usize {
        self.release(|held| held.api == api && held.is_answer)
    }

    fn release(&self, is_meant: impl Fn(&Held) -> bool) -> usize {
        let mut state = self.shared.state();
        let (held, others) = std::mem::take(&mut state.held).into_iter().partition(is_meant);
        let held: Vec<Held> = held;
        state.held = others;
        let (count, mut answers) = (held.len(), Vec::new());
        for held in held {
            let State { connections, seen, .. } = &mut *state;
            let Some(connection) = connections.get_mut(&held.connection) else { continue };
            connection.held -= 1;
            let key = (held.api, held.name.clone());
            if held.is_answer {
                *seen.answers.entry(key).or_default() += 1;
                let client = connection.client.try_clone().expect("a socket can be duplicated");
                answers.push((Arc::clone(&connection.answering), client, held.frame));
                continue;
            }
            *seen.requests.entry(key).or_default() += 1;
            connection.asked.push_back(Asked {
                correlation: Request::of(&held.frame).correlation,
                api: held.api,
                name: held.name,
                act: None,
                late: true,
            });
            (&connection.server).write_all(&held.frame).expect("the broker takes what comes late");
        }
        drop(state);
        for (answering, mut client, frame) in answers {
            let _whole = answering.lock().expect("no holder of this lock panics");
            // A client that has gone meanwhile misses it.
            let _ = client.write_all(&frame);
        }
        self.shared.changed.notify_all();
        count
    }

    pub fn seen(&self) -> Seen {
        self.shared.state().seen.clone()
    }

    /// Waits until what the proxy has seen is as wanted; panics with `what` where it never is.
    pub fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let state = self.shared.state();
        let (state, waited) = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !wanted(&state.seen))
            .expect("no holder of this lock panics");
        assert!(!waited.timed_out(), "{what} did not come through the proxy: {:?}", state.seen);
        state.seen.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.cut(None);
        for port in &self.ports {
            // So that the thread that accepts sees it.
            let _ = TcpStream::connect(("127.0.0.1", *port));
        }
        self.shared.changed.notify_all();
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).expect("a thread can be started");
}

fn accept(shared: &Arc<Shared>, index: usize, listener: &TcpListener) {
    for client in listener.incoming() {
        let target = {
            let mut state = shared.state();
            if state.ended {
                return;
            }
            if state.weather.refuses {
                state.seen.refused += 1;
                shared.changed.notify_all();
                continue;
            }
            state.targets.get(&index).copied()
        };
        let Ok(client) = client else { continue };
        // A broker that is away is away for the client, too.
        let Some(Ok(server)) = target.map(|port| TcpStream::connect(("127.0.0.1", port))) else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        connect(shared, client, server);
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream, server: TcpStream) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a socket can be duplicated");
    let answering = Arc::new(Mutex::new(()));
    let mut state = shared.state();
    let id = state.next;
    state.next += 1;
    let connection = Connection {
        client: clone(&client),
        server: clone(&server),
        answering: Arc::clone(&answering),
        asked: VecDeque::new(),
        client_gone: false,
        held: 0,
        kinds: Vec::new(),
    };
    state.connections.insert(id, connection);
    drop(state);
    let (requests, answers) = (Arc::clone(shared), Arc::clone(shared));
    let (from_client, to_server) = (clone(&client), clone(&server));
    thread("requests", move || pass_requests(&requests, id, from_client, to_server));
    thread("answers", move || pass_answers(&answers, id, server, client, &answering));
}

/// Writes a frame as the weather lets it.
fn write(shared: &Shared, stream: &mut TcpStream, frame: &[u8]) -> std::io::Result<()> {
    let weather = shared.state().weather;
    if !weather.delay.is_zero() {
        rest(weather.delay);
    }
    let Some(rate) = weather.bytes_per_second else { return stream.write_all(frame) };
    for part in frame.chunks((rate / 10).max(1) as usize) {
        stream.write_all(part)?;
        if shared.state().weather.bytes_per_second.is_some() {
            rest(Duration::from_millis(100));
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a slow network is slow by the clock")]
fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// Waits while the weather holds frames of this direction.
fn wait_for_weather(shared: &Shared, holds: impl Fn(&Weather) -> bool) {
    let mut state = shared.state();
    if !holds(&state.weather) {
        return;
    }
    state.seen.waited += 1;
    shared.changed.notify_all();
    drop(
        shared
            .changed
            .wait_while(state, |state| holds(&state.weather) && !state.ended)
            .expect("no holder of this lock panics"),
    );
}

fn pass_requests(shared: &Shared, id: u64, client: TcpStream, mut server: TcpStream) {
    let mut from = BufReader::new(client);
    while let Ok(frame) = read_frame(&mut from) {
        wait_for_weather(shared, |weather| weather.holds_requests);
        let request = Request::of(&frame);
        let mut state = shared.state();
        let is_due = |rule: &Rule| {
            rule.api == request.api && rule.name.as_ref().is_none_or(|name| *name == request.name)
        };
        let due = state.rules.iter().position(is_due);
        let act = due.map(|index| state.rules.remove(index).act);
        let State { connections, seen, held, .. } = &mut *state;
        let Some(connection) = connections.get_mut(&id) else { break };
        if !connection.kinds.contains(&request.api) {
            connection.kinds.push(request.api);
        }
        if act.is_some() {
            seen.taken.push((request.api, request.name.clone()));
        }
        if let Some(Act::HoldRequest | Act::LoseRequest) = act {
            if act == Some(Act::HoldRequest) {
                connection.held += 1;
                let (api, name) = (request.api, request.name);
                held.push(Held { connection: id, api, name, frame, is_answer: false });
            }
            connection.client_gone = true;
            seen.cut += 1;
            let _ = connection.client.shutdown(Shutdown::Both);
            shared.changed.notify_all();
            break;
        }
        *seen.requests.entry((request.api, request.name.clone())).or_default() += 1;
        // A request that wants no answer gets none: Tidegate's clients make no such requests.
        connection.asked.push_back(Asked {
            correlation: request.correlation,
            api: request.api,
            name: request.name,
            act,
            late: false,
        });
        shared.changed.notify_all();
        drop(state);
        if write(shared, &mut server, &frame).is_err() {
            break;
        }
    }
    let mut state = shared.state();
    if let Some(connection) = state.connections.get_mut(&id) {
        connection.client_gone = true;
        // What is held is to arrive on this connection.
        if connection.held == 0 {
            let _ = connection.server.shutdown(Shutdown::Both);
        }
    }
}

fn pass_answers(shared: &Shared, id: u64, server: TcpStream, mut client: TcpStream, answering: &Mutex<()>) {
    let mut from = BufReader::new(server);
    while let Ok(frame) = read_frame(&mut from) {
        wait_for_weather(shared, |weather| weather.holds_answers);
        let mut state = shared.state();
        let State { connections, seen, held, .. } = &mut *state;
        let Some(connection) = connections.get_mut(&id) else { break };
        let Some(asked) = connection.asked.pop_front() else { break };
        assert_eq!(asked.correlation, correlation_of_answer(&frame), "answers come in the order of requests");
        if asked.late {
            seen.late_answers.push((asked.api, frame.clone()));
            shared.changed.notify_all();
        }
        if connection.client_gone {
            continue;
        }
        match asked.act {
            Some(Act::LoseAnswer) => {
                connection.client_gone = true;
                seen.cut += 1;
                let _ = client.shutdown(Shutdown::Both);
                shared.changed.notify_all();
                break;
            }
            Some(Act::HoldAnswer) => {
                connection.held += 1;
                seen.held_answers += 1;
                let (api, name) = (asked.api, asked.name);
                held.push(Held { connection: id, api, name, frame, is_answer: true });
                shared.changed.notify_all();
                continue;
            }
            _ => {}
        }
        *seen.answers.entry((asked.api, asked.name)).or_default() += 1;
        shared.changed.notify_all();
        drop(state);
        let whole = answering.lock().expect("no holder of this lock panics");
        if write(shared, &mut client, &frame).is_err() {
            break;
        }
        drop(whole);
    }
    let mut state = shared.state();
    if let Some(connection) = state.connections.remove(&id) {
        let _ = connection.client.shutdown(Shutdown::Both);
        let _ = connection.server.shutdown(Shutdown::Both);
    }
    state.held.retain(|held| held.connection != id);
}

#[cfg(test)]
mod tests;
