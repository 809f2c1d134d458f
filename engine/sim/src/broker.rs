//! Apache Kafka 4.2 (KRaft) on free ports of the loopback interface, with jars that Maven fetches once.

use crate::jars::classpath;
use crate::proxy::Proxy;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

const POM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pom.xml");
const START_TRIES: u32 = 120;
const TRY: Duration = Duration::from_millis(500);

/// A broker of one's own. It ends with the value, and with the process.
pub struct Broker {
    dir: tempfile::TempDir,
    node: Node,
    child: Option<Child>,
    classpath: String,
    heap: &'static str,
    was_stopped: bool,
}

/// Where a broker listens.
#[derive(Clone)]
struct Node {
    id: usize,
    port: u16,
    controller: u16,
    /// For each proxy in front of it: the port that the proxy forwards to, and the proxy's own, which clients are told.
    links: Vec<(u16, u16)>,
    guard: Guard,
}

/// More listeners, and what is asked at them.
#[derive(Clone, Default)]
pub(crate) struct Guard {
    pub doors: Vec<Door>,
    /// Lines of `server.properties`.
    pub settings: String,
    /// As `kafka-storage format --add-scram` takes them.
    pub users: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Door {
    /// In capital letters.
    pub name: &'static str,
    pub protocol: &'static str,
    /// 0: a free one.
    pub port: u16,
}

impl Broker {
    /// Starts a broker for tests. Panics with what is missing where it cannot.
    pub fn start() -> Broker {
        Broker::start_with("512m")
    }

    /// `heap`: as in `-Xmx`.
    pub fn start_with(heap: &'static str) -> Broker {
        Broker::start_cluster(heap, 1, &[], None).remove(0)
    }

    pub(crate) fn start_guarded(mut guard: Guard) -> Broker {
        for door in &mut guard.doors {
            door.port = free_port();
        }
        Broker::start_nodes("512m", 1, &[], None, &guard).remove(0)
    }

    /// The address of a listener of a guarded broker.
    pub(crate) fn door(&self, name: &str) -> String {
        let door = self.node.guard.doors.iter().find(|door| door.name == name).expect("there is such a door");
        format!("localhost:{}", door.port)
    }

    /// Starts brokers that are one cluster. Each has a listener for each of the proxies, which are to have as many ports; clients that come
    /// through a proxy stay on it. `place`: where their directories are made.
    pub fn start_cluster(
        heap: &'static str,
        count: usize,
        proxies: &[&Proxy],
        place: Option<&Path>,
    ) -> Vec<Broker> {
        Broker::start_nodes(heap, count, proxies, place, &Guard::default())
    }

    fn start_nodes(
        heap: &'static str,
        count: usize,
        proxies: &[&Proxy],
        place: Option<&Path>,
        guard: &Guard,
    ) -> Vec<Broker> {
        let classpath = classpath("Apache Kafka", Path::new(POM));
        let nodes: Vec<Node> = (0..count)
            .map(|id| {
                let links = proxies.iter().map(|proxy| (free_port(), proxy.ports()[id]));
                let links = links.collect();
                Node { id, port: free_port(), controller: free_port(), links, guard: guard.clone() }
            })
            .collect();
        let mut brokers = Vec::new();
        for node in &nodes {
            for (proxy, (port, _)) in proxies.iter().zip(&node.links) {
                proxy.forward(node.id, *port);
            }
            let mut builder = tempfile::Builder::new();
            builder.prefix("tidegate-kafka-");
            let dir = match place {
                Some(place) => builder.tempdir_in(place),
                None => builder.tempdir(),
            };
            let dir = dir.expect("a temporary directory");
            let text = properties(dir.path(), node, &nodes);
            fs::write(dir.path().join("server.properties"), text).expect("written");
            let (node, classpath) = (node.clone(), classpath.clone());
            let mut broker = Broker { dir, node, child: None, classpath, heap, was_stopped: false };
            broker.format();
            broker.launch();
            brokers.push(broker);
        }
        for broker in &mut brokers {
            broker.wait_until_up();
        }
        brokers
    }

    /// `host:port`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.node.port)
    }

    /// Kills it as the system would (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended already cannot be.
            let _ = child.kill();
            child.wait().expect("the broker has ended");
            self.was_stopped = true;
        }
    }

    /// Was it killed or started again, at any time?
    pub fn was_stopped(&self) -> bool {
        self.was_stopped
    }

    /// Has it ended by itself?
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// SIGSTOP and SIGCONT have it stand still for a while.
    #[expect(unsafe_code, reason = "the standard library sends no signal but SIGKILL")]
    pub fn signal(&self, signal: i32) {
        // SAFETY: the process is our child and was not waited for.
        unsafe { libc::kill(self.pid() as i32, signal) };
    }

    /// Starts it again on the same port, with what its disk holds.
    pub fn restart(&mut self) {
        self.kill();
        self.launch();
        self.wait_until_up();
    }

    /// The number by which metadata name it.
    pub fn id(&self) -> i32 {
        self.node.id as i32
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// A client's configuration, for tests.
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        config
    }

    fn java(&self, main: &str) -> Command {
        let mut command = Command::new("java");
        command
            .arg(format!("-Xmx{}", self.heap))
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Xshare:auto"])
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .args(["-cp", &self.classpath, main])
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .expect("the broker's log can be written");
        command.stderr(log.try_clone().expect("duplicated")).stdout(log);
        command
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("broker.log")
    }

    fn told(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn format(&self) {
        let status = self
            .java("kafka.tools.StorageTool")
            .args(["format", "--cluster-id", "dGlkZWdhdGUtdGVzdHMtMQ", "--config", "server.properties"])
            .args(self.node.guard.users.iter().flat_map(|user| ["--add-scram", user]))
            .status()
            .expect("java can be started: install a JDK of version 17 or newer");
        assert!(status.success(), "the broker's storage could not be made:\n{}", self.told());
    }

    fn launch(&mut self) {
        let mut command = self.java("kafka.Kafka");
        command.arg("server.properties");
        self.child = Some(spawn_bound(command));
    }

    fn wait_until_up(&mut self) {
        for _ in 0..START_TRIES {
            let probe: BaseConsumer = self.config().set("log_level", "0").create().expect("a client");
            if probe.fetch_metadata(None, TRY).is_ok_and(|metadata| !metadata.brokers().is_empty()) {
                return;
            }
            let child = self.child.as_mut().expect("launched");
            assert!(
                child.try_wait().expect("its state").is_none(),
                "the broker ended at once:\n{}",
                self.told()
            );
        }
        panic!("the broker did not come up:\n{}", self.told());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a process that the system kills when this one ends, however it ends. Linux ties that to the thread that starts it, so that
/// thread never ends.
#[expect(unsafe_code, reason = "prctl has no wrapper in the standard library")]
fn spawn_bound(mut command: Command) -> Child {
    use std::os::unix::process::CommandExt;
    let (started, child) = mpsc::channel();
    std::thread::Builder::new()
        .name("broker".to_owned())
        .spawn(move || {
            // SAFETY: prctl is safe to call between fork and exec.
            unsafe {
                command.pre_exec(|| {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    Ok(())
                });
            }
            let _ = started.send(command.spawn());
            loop {
                std::thread::park();
            }
        })
        .expect("a thread can be started");
    child
        .recv()
        .expect("the thread answers")
        .expect("java can be started: install a JDK of version 17 or newer")
}

/// A port that nobody listens on, and no other broker of this process will. It lies below those that the system gives to whoever connects, so that a broker
/// that is started again finds its own still free.
fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Processes side by side begin elsewhere.
        let number =
            std::process::id().wrapping_mul(7_919).wrapping_add(TAKEN.fetch_add(1, Ordering::SeqCst));
        let port = (FIRST + number % COUNT) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn properties(dir: &Path, node: &Node, all: &[Node]) -> String {
    let Node { id, port, controller, links, guard } = node;
    let voters: Vec<String> =
        all.iter().map(|node| format!("{}@127.0.0.1:{}", node.id, node.controller)).collect();
    let voters = voters.join(",");
    let each = |text: fn(usize, &(u16, u16)) -> String| -> String {
        links.iter().enumerate().map(|(number, link)| text(number, link)).collect()
    };
    let doors = |text: fn(&Door) -> String| -> String { guard.doors.iter().map(text).collect() };
    let at = |door: &Door| format!(",{}://localhost:{}", door.name, door.port);
    let listeners = each(|number, (port, _)| format!(",LINK{number}://127.0.0.1:{port}")) + &doors(at);
    let advertised = each(|number, (_, proxy)| format!(",LINK{number}://127.0.0.1:{proxy}")) + &doors(at);
    let protocols = each(|number, _| format!(",LINK{number}:PLAINTEXT"))
        + &doors(|door| format!(",{}:{}", door.name, door.protocol));
    let settings = &guard.settings;
    let replicas = all.len().min(3);
    let least = if replicas == 1 { 1 } else { 2 };
    format!(
        "process.roles=broker,controller\n\
         node.id={id}\n\
         controller.quorum.voters={voters}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listeners}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}{advertised}\n\
         inter.broker.listener.name=PLAINTEXT\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}\n\
         log.dirs={}\n\
         auto.create.topics.enable=false\n\
         default.replication.factor={replicas}\n\
         min.insync.replicas={least}\n\
         offsets.topic.replication.factor={replicas}\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor={replicas}\n\
         transaction.state.log.min.isr={least}\n\
         transaction.state.log.num.partitions=4\n\
         log.retention.ms=-1\n\
         transaction.abort.timed.out.transaction.cleanup.interval.ms=1000\n\
         group.initial.rebalance.delay.ms=0\n\
         group.min.session.timeout.ms=1000\n\
         num.network.threads=2\n\
         num.io.threads=4\n\
         log.cleaner.dedupe.buffer.size=16777216\n\
         {settings}",
        dir.join("data").display()
    )
}
