//! A server on loopback that keeps every request, and answers as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A field of the row.
    pub fn field(&self, name: &str) -> serde_json::Value {
        let row: serde_json::Value = serde_json::from_str(&self.body).expect("a row is JSON");
        row[name].clone()
    }
}

/// Status, headers, body.
pub type Reply = (u16, Vec<(&'static str, String)>, String);

type Kept = Arc<Mutex<Vec<Request>>>;
type Answer = Arc<dyn Fn(&Request, usize) -> Reply + Send + Sync>;

pub struct HttpServer {
    address: String,
    requests: Kept,
}

pub fn ok() -> Reply {
    (200, Vec::new(), String::new())
}

impl HttpServer {
    /// `answer` is given each request and how often its idempotency key came before.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> HttpServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (requests, answer): (Kept, Answer) = (Kept::default(), Arc::new(answer));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that is killed breaks its connection off.
                    let _ = serve(stream, &kept, &answer);
                });
            }
        });
        HttpServer { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What has come so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no holder panics").clone()
    }
}

/// A row without its long texts, which no test looks at.
fn brief(body: &str) -> String {
    const LONG: usize = 1_000;
    if body.len() < LONG {
        return body.to_owned();
    }
    let mut row: serde_json::Value = serde_json::from_str(body).expect("a row is JSON");
    let fields = row.as_object_mut().expect("a row has fields").values_mut();
    fields
        .filter(|field| field.as_str().is_some_and(|text| text.len() > LONG))
        .for_each(|field| *field = "…".into());
    row.to_string()
}

fn serve(stream: TcpStream, kept: &Kept, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut request = Request { method, path, headers, body: String::new() };
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        request.body = String::from_utf8(body).expect("rows are text");
        let before = {
            let mut kept = kept.lock().expect("no holder panics");
            let key = request.header("idempotency-key");
            let before = kept.iter().filter(|other| other.header("idempotency-key") == key).count();
            kept.push(Request { body: brief(&request.body), ..request.clone() });
            before
        };
        let (status, headers, body) = answer(&request, before);
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        write!(writer, "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\n\r\n{body}")?;
    }
}
