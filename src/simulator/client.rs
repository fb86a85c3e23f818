//! A client of few lines for the simulator's own tests, that shows what the wire brought and hides nothing. Apart from
//! the tests, because both services are tested with it.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

use serde_json::Value;

/// What a client gets of one request over a connection of its own.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
    /// Whether the body is as long as announced and the connection ended in order.
    pub(super) is_whole: bool,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

/// A GET with a bearer token.
pub(super) fn get(base_url: &str, target: &str, token: Option<&str>) -> Result<Got> {
    let headers = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    exchange(base_url, &format!("GET {target}"), &headers.unwrap_or_default(), "")
}

/// Any request; `headers` are whole lines with their ends.
pub(super) fn exchange(base_url: &str, line: &str, headers: &str, body: &str) -> Result<Got> {
    let address = base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else {
        return Err(ended.err().unwrap_or_else(|| Error::from(ErrorKind::UnexpectedEof)));
    };
    let headers = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
    let body = bytes.split_off(end + 4);
    let mut got = Got {
        status,
        headers,
        body,
        is_whole: false,
    };
    let announced: usize = got.header("content-length").unwrap().parse().unwrap();
    got.is_whole = ended.is_ok() && announced == got.body.len();
    Ok(got)
}
