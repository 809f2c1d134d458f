//! The proxy before a server that answers with the number that it was asked with.

use super::*;

/// Answers each request with its correlation number.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it has an address").port();
    thread("server", move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            thread("answers", move || {
                while let Ok(frame) = read_frame(&mut stream) {
                    let answer = [&4i32.to_be_bytes()[..], &frame[8..12]].concat();
                    let _ = stream.write_all(&answer);
                }
            });
        }
    });
    port
}

fn request(api: Api, correlation: i32) -> Vec<u8> {
    let body = [&api.0.to_be_bytes()[..], &[0, 1], &correlation.to_be_bytes(), b"\xff\xff\0\x03txn"].concat();
    [&(body.len() as i32).to_be_bytes()[..], &body].concat()
}

fn ask(stream: &mut TcpStream, api: Api, correlation: i32) -> std::io::Result<i32> {
    stream.write_all(&request(api, correlation))?;
    Ok(correlation_of_answer(&read_frame(stream)?))
}

#[test]
fn one_request_is_held_its_client_is_cut_off_and_it_arrives_later() {
    let proxy = Proxy::start(1);
    proxy.forward(0, server());
    let client = || TcpStream::connect(proxy.address()).expect("connected");
    let mut first = client();
    assert_eq!(ask(&mut first, Api::PRODUCE, 1).expect("answered"), 1);
    proxy.arm(Api::END_TXN, Some("other"), Act::LoseRequest);
    proxy.arm(Api::END_TXN, Some("txn"), Act::HoldRequest);
    assert!(ask(&mut first, Api::END_TXN, 2).is_err(), "cut off");
    assert_eq!(ask(&mut client(), Api::END_TXN, 3).expect("answered"), 3);
    assert_eq!(proxy.release_requests(Api::END_TXN), 1);
    let seen = proxy.wait("the late answer", |seen| !seen.late_answers.is_empty());
    assert_eq!(correlation_of_answer(&seen.late_answers[0].1), 2);
    assert_eq!(seen.taken, [(Api::END_TXN, "txn".to_owned())]);
    assert_eq!(seen.answered(Api::END_TXN, Some("txn")), 1);
}

#[test]
fn answers_are_lost_and_held_and_new_connections_refused() {
    let proxy = Proxy::start(1);
    proxy.forward(0, server());
    let client = || TcpStream::connect(proxy.address()).expect("connected");
    proxy.arm(Api::HEARTBEAT, None, Act::LoseAnswer);
    assert!(ask(&mut client(), Api::HEARTBEAT, 1).is_err(), "lost");
    let mut held = client();
    proxy.arm(Api::FETCH, None, Act::HoldAnswer);
    held.write_all(&request(Api::FETCH, 2)).expect("written");
    proxy.wait("the answer", |seen| seen.held_answers == 1);
    assert_eq!(ask(&mut held, Api::FETCH, 3).expect("answered"), 3, "others pass it by");
    assert_eq!(proxy.release_answers(Api::FETCH), 1);
    assert_eq!(correlation_of_answer(&read_frame(&mut held).expect("answered")), 2);
    proxy.set(Some(Weather { refuses: true, ..Weather::default() }));
    assert!(ask(&mut client(), Api::FETCH, 4).is_err(), "refused");
    assert_eq!(proxy.seen().refused, 1);
    assert_eq!(proxy.cut(Some(Api::FETCH)), 1);
}
