//! A web server on the local host with files in memory, for tests of remote tapes.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A file of the server, and how the server answers requests for it.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) bytes: Vec<u8>,
    /// The entity tag, if the server sends one.
    pub(crate) etag: Option<String>,
    /// True if requests for ranges are answered with the range, and not with the whole file.
    pub(crate) has_ranges: bool,
    /// True if HEAD is supported.
    pub(crate) has_head: bool,
    /// The maximum number of bytes of a body after which the connection is closed.
    pub(crate) sent_max: usize,
    /// The number of the next requests that fail with status 503.
    pub(crate) failures: usize,
    /// The number of GET requests after which the content changes.
    pub(crate) changes_after: usize,
}

impl Page {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            etag: Some("\"one\"".to_owned()),
            has_ranges: true,
            has_head: true,
            sent_max: usize::MAX,
            failures: 0,
            changes_after: usize::MAX,
        }
    }
}

/// A running server. Its thread ends with the process.
pub(crate) struct Web {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The files by their paths, with the query.
    pages: BTreeMap<String, Page>,
    /// The first line of each request, and its range.
    requests: Vec<String>,
}

impl Web {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that ends early closes the connection.
                thread::spawn(move || answer(stream, &state).unwrap_or_default());
            }
        });
        Self { address, state }
    }

    /// Sets a file, and returns its URL. The path begins with `/`.
    pub(crate) fn put(&self, path: &str, page: Page) -> String {
        let mut state = self.state.lock().unwrap();
        state.pages.insert(path.to_owned(), page);
        format!("http://{}{path}", self.address)
    }

    /// Returns the requests since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

/// Answers one request.
fn answer(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut to = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut range = None;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        range = line
            .strip_prefix("range: bytes=")
            .map(str::to_owned)
            .or(range);
    }
    let mut words = first.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (head, body) = {
        let mut state = state.lock().unwrap();
        let noted = format!("{method} {path} {}", range.as_deref().unwrap_or("-"));
        state.requests.push(noted);
        response(state.pages.get_mut(path), method, range.as_deref())
    };
    write!(to, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n")?;
    to.write_all(&body)
}

/// Returns the head and the body of a response.
fn response(page: Option<&mut Page>, method: &str, range: Option<&str>) -> (String, Vec<u8>) {
    let empty = |status: &str| (format!("{status}\r\nContent-Length: 0"), Vec::new());
    let Some(page) = page else {
        return empty("404 Not Found");
    };
    if page.failures > 0 {
        page.failures -= 1;
        return empty("503 Service Unavailable");
    }
    if method == "HEAD" && !page.has_head {
        return empty("405 Method Not Allowed");
    }
    if method == "GET" {
        page.changes_after = page.changes_after.saturating_sub(1);
    }
    let etag = match (&page.etag, page.changes_after) {
        (Some(_), 0) => "\r\nETag: \"other\"".to_owned(),
        (Some(etag), _) => format!("\r\nETag: {etag}"),
        (None, _) => String::new(),
    };
    let size = page.bytes.len();
    let place = range
        .and_then(|range| range.split_once('-'))
        .filter(|_| page.has_ranges)
        .map(|(begin, last)| {
            let begin = begin.parse::<usize>().unwrap();
            (begin, last.parse::<usize>().unwrap().saturating_add(1))
        });
    let (head, body) = match place {
        Some((begin, end)) => {
            let end = end.min(size);
            if begin >= end {
                return empty("416 Range Not Satisfiable");
            }
            let stated = format!(
                "206 Partial Content\r\nContent-Range: bytes {begin}-{}/{size}",
                end - 1
            );
            (stated, &page.bytes[begin..end])
        }
        None => ("200 OK".to_owned(), &page.bytes[..]),
    };
    let head = format!("{head}\r\nContent-Length: {}{etag}", body.len());
    let body = match method {
        "HEAD" => Vec::new(),
        _ => body[..body.len().min(page.sent_max)].to_vec(),
    };
    (head, body)
}
