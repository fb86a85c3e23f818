//! For tests alone: a server that has one reply for each connection, and keeps what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use url::Url;

use super::{Answer, Client, HttpError, HttpErrorKind, Settings};
use crate::source::{Auth, Limits, Secret};

pub(super) const TOKEN: &str = "tok-9f8e7d6c/5b4a";
pub(super) const GOOD: &str = r#"{"results":[]}"#;

/// What the server does with one connection.
pub(super) enum Reply {
    Send(Vec<u8>),
    /// Sends the beginning and then nothing, without closing.
    Stall(Vec<u8>),
    Wait(Duration, Vec<u8>),
}

#[derive(Default)]
pub(super) struct Log {
    pub(super) requests: Vec<String>,
    open: usize,
    pub(super) most_open: usize,
}

pub(super) struct Peer {
    pub(super) url: Url,
    pub(super) log: Arc<Mutex<Log>>,
}

impl Peer {
    /// Each connection takes the next reply; after the last there is nobody to talk to.
    pub(super) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let log = Arc::new(Mutex::new(Log::default()));
        let written = log.clone();
        thread::spawn(move || {
            for reply in replies {
                let (stream, _) = listener.accept().unwrap();
                let log = written.clone();
                thread::spawn(move || serve(stream, &reply, &log));
            }
        });
        Self { url, log }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().requests.clone()
    }

    pub(super) fn settings(&self) -> Settings {
        let limits = Limits {
            timeout: Duration::from_millis(300),
            backoff: Duration::from_millis(1),
            attempts: 3,
            retry_base: Duration::from_millis(1),
            retry_cap: Duration::from_millis(5),
            ..Limits::default()
        };
        Settings {
            limits,
            max_body_bytes: 10_000,
            ..Settings::new(self.url.clone(), Auth::Bearer(Secret::new(TOKEN.to_owned())))
        }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.settings()).unwrap()
    }

    pub(super) async fn get(&self) -> Result<Answer, HttpError> {
        self.client()
            .get("/api/v1/logs/", &[("page", "1"), ("sort", "{\"a b\":1}")])
            .await
    }

    /// The text of the error, with the port taken out.
    pub(super) async fn refusal(&self) -> (HttpErrorKind, String) {
        let error = self.get().await.unwrap_err();
        let text = error.to_string().replace(&self.url.port().unwrap().to_string(), "PORT");
        assert!(!format!("{error:?} {text}").contains("9f8e7d6c"), "{text}");
        (error.kind, text)
    }
}

fn serve(mut stream: TcpStream, reply: &Reply, log: &Mutex<Log>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    let mut request = String::from_utf8(head).unwrap();
    let length = request
        .to_lowercase()
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.split_once("\r\n").unwrap().0.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    request.push_str(str::from_utf8(&body).unwrap());
    {
        let mut log = log.lock().unwrap();
        log.requests.push(request);
        log.open += 1;
        log.most_open = log.most_open.max(log.open);
    }
    if let Reply::Wait(time, _) = reply {
        thread::sleep(*time);
    }
    log.lock().unwrap().open -= 1;
    let (Reply::Send(bytes) | Reply::Stall(bytes) | Reply::Wait(_, bytes)) = reply;
    // A client that refuses a large body may have gone already.
    if stream.write_all(bytes).is_ok() && matches!(reply, Reply::Stall(_)) {
        thread::sleep(Duration::from_secs(3));
    }
}

pub(super) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(super) fn send(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    Reply::Send(answer(status, headers, body))
}

pub(super) fn good() -> Reply {
    send("200 OK", "", GOOD)
}
