//! The Prometheus endpoint.
//!
//! Anyone who reaches the port can open connections, and each one takes a file descriptor, which the connections to
//! Redis also need. So the number of connections, the size of a request and the time of each connection are bounded.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant as Tick},
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::ServiceError;

/// Bucket bounds of the histograms in seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0,
];

/// Maximum number of open connections. Further ones are closed at once.
const CONNECTIONS_MAX: usize = 16;
/// Maximum size of the head of a request, in bytes.
const HEAD_MAX: usize = 8 * 1024;
/// Time within which a client must send the whole head of its request.
const HEAD_WITHIN: Duration = Duration::from_secs(2);
/// Time within which a client must accept more of the answer.
const WRITE_WITHIN: Duration = Duration::from_secs(2);
/// Time within which a client must have read the whole answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Number of bytes that are written at once.
const PIECE: usize = 16 * 1024;
/// Pause after a connection that could not be accepted, for example because there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);
/// Interval at which the observations of the histograms are added up, so that they take no memory without a scrape.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Serves metrics at this address, in the text format of Prometheus, until the process ends.
///
/// At most 16 connections are open at the same time, and each of them for one request and at most 12 seconds.
///
/// # Errors
/// Returns an error if the address cannot be bound, or if a thread cannot be started.
pub fn serve_metrics(address: SocketAddr) -> Result<(), ServiceError> {
    let failed = |source| ServiceError::Metrics { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| failed(io::Error::other(error)))?;
    let upkeep = handle.clone();
    thread::Builder::new()
        .name("metrics upkeep".to_owned())
        .spawn(move || {
            loop {
                thread::sleep(UPKEEP_EVERY);
                upkeep.run_upkeep();
            }
        })
        .map_err(ServiceError::ThreadStart)?;
    thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || accept(&listener, &handle))
        .map_err(ServiceError::ThreadStart)?;
    Ok(())
}

/// Accepts connections until the process ends.
fn accept(listener: &TcpListener, handle: &PrometheusHandle) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(PAUSE);
            continue;
        };
        if open.load(Ordering::SeqCst) >= CONNECTIONS_MAX {
            continue;
        }
        open.fetch_add(1, Ordering::SeqCst);
        let (handle, counter) = (handle.clone(), Arc::clone(&open));
        let thread = thread::Builder::new()
            .name("metrics request".to_owned())
            .spawn(move || {
                let _open = Open(counter);
                // A client that disconnects gets no answer.
                let _ = serve(stream, &handle);
            });
        if thread.is_err() {
            thread::sleep(PAUSE);
        }
    }
}

/// A count of an open connection, until it is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Answers one request.
fn serve(mut stream: TcpStream, handle: &PrometheusHandle) -> io::Result<()> {
    stream.set_write_timeout(Some(WRITE_WITHIN))?;
    let head = read_head(&mut stream)?;
    let (status, body) = match (head.method(), head.path()) {
        (b"GET" | b"HEAD", b"/health") => ("200 OK", "OK".to_owned()),
        (b"GET" | b"HEAD", _) => ("200 OK", handle.render()),
        (_, _) => ("405 Method Not Allowed", "only GET is answered".to_owned()),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}",
        body.len(),
        if head.method() == b"HEAD" { "" } else { &body },
    );
    write_within(&mut stream, answer.as_bytes())?;
    stream.shutdown(Shutdown::Write)
}

/// The head of a request.
struct Head(Vec<u8>);

impl Head {
    fn method(&self) -> &[u8] {
        self.0.split(|byte| *byte == b' ').next().unwrap_or(&[])
    }

    fn path(&self) -> &[u8] {
        self.0.split(|byte| *byte == b' ').nth(1).unwrap_or(&[])
    }
}

/// Reads until the blank line after the head.
fn read_head(stream: &mut TcpStream) -> io::Result<Head> {
    let until = Tick::now() + HEAD_WITHIN;
    let (mut head, mut piece) = (Vec::new(), [0; 1024]);
    loop {
        stream.set_read_timeout(Some(left(until)?))?;
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend(piece.iter().take(count));
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(Head(head));
        }
        if head.len() > HEAD_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

fn write_within(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let until = Tick::now() + ANSWER_WITHIN;
    for piece in bytes.chunks(PIECE) {
        left(until)?;
        stream.write_all(piece)?;
    }
    Ok(())
}

/// Returns the time that is left, or an error if there is none.
fn left(until: Tick) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Tick::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}
