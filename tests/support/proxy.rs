//! A TCP proxy that injects network faults.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// A proxy that listens on its own port and forwards all bytes to a server and back.
pub(crate) struct Proxy {
    port: u16,
    line: Arc<Line>,
}

/// The current faults of the connections.
#[derive(Default)]
struct Line {
    /// The maximum number of bytes after which a connection is cut; 0 if connections are not cut.
    cut_within: AtomicU64,
    /// The maximum number of bytes that are forwarded at once; 0 if there is no limit.
    pieces_of: AtomicUsize,
    /// One in this number of answers is delayed; 0 if answers are not delayed.
    one_in: AtomicU64,
    /// The longest delay, in milliseconds.
    delay_ms: AtomicU64,
    cuts: AtomicUsize,
    late: AtomicUsize,
}

/// The state of one connection. The bytes of both directions are counted together.
struct Connection {
    line: Arc<Line>,
    /// The number of bytes that are forwarded before the connection is cut; not used if connections
    /// are not cut.
    left: AtomicU64,
}

impl Proxy {
    pub(crate) fn in_front_of(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(Line::default());
        let of_clients = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming() {
                // If the server is unreachable, the client connection is closed.
                if let (Ok(client), Ok(server)) =
                    (client, TcpStream::connect(("127.0.0.1", server)))
                {
                    connect(&of_clients, client, server);
                }
            }
        });
        Self { port, line }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Cuts each new connection at a random byte below `bytes`; 0 ends the cuts, also on existing
    /// connections.
    pub(crate) fn cut_within(&self, bytes: u64) {
        self.line.cut_within.store(bytes, Ordering::SeqCst);
    }

    pub(crate) fn cuts(&self) -> usize {
        self.line.cuts.load(Ordering::SeqCst)
    }

    pub(crate) fn pieces_of(&self, bytes: usize) {
        self.line.pieces_of.store(bytes, Ordering::SeqCst);
    }

    /// Returns how many pieces were delayed by more than half of the longest delay.
    pub(crate) fn late(&self) -> usize {
        self.line.late.load(Ordering::SeqCst)
    }

    /// Delays one in `one_in` pieces of answers by at most `most`.
    pub(crate) fn delay(&self, most: Duration, one_in: u64) {
        let ms = u64::try_from(most.as_millis()).unwrap();
        self.line.delay_ms.store(ms, Ordering::SeqCst);
        self.line.one_in.store(one_in, Ordering::SeqCst);
    }
}

fn connect(line: &Arc<Line>, client: TcpStream, server: TcpStream) {
    let (Ok(()), Ok(()), Ok(client_too), Ok(server_too)) = (
        client.set_nodelay(true),
        server.set_nodelay(true),
        client.try_clone(),
        server.try_clone(),
    ) else {
        return;
    };
    let within = line.cut_within.load(Ordering::SeqCst);
    // The order of magnitude is chosen first, so that connections are cut early as often as late.
    let left = match within {
        0 => u64::MAX,
        within => random() % (within >> (random() % u64::from(within.ilog2() + 1))).max(1),
    };
    let connection = Arc::new(Connection {
        line: Arc::clone(line),
        left: AtomicU64::new(left),
    });
    let answers = Arc::clone(&connection);
    thread::spawn(move || connection.pump(client, server, false));
    thread::spawn(move || answers.pump(server_too, client_too, true));
}

impl Connection {
    fn pump(&self, mut from: TcpStream, mut to: TcpStream, is_answer: bool) {
        let mut bytes = [0; 16_384];
        loop {
            let most = match self.line.pieces_of.load(Ordering::SeqCst) {
                0 => bytes.len(),
                pieces => 1 + usize::try_from(random()).unwrap() % pieces,
            };
            let Ok(count @ 1..) = from.read(&mut bytes[..most]) else {
                break;
            };
            let one_in = self.line.one_in.load(Ordering::SeqCst);
            if is_answer && one_in > 0 && random().is_multiple_of(one_in) {
                let most = self.line.delay_ms.load(Ordering::SeqCst);
                let wait = random() % (most + 1);
                thread::sleep(Duration::from_millis(wait));
                let is_late = usize::from(wait > most / 2);
                self.line.late.fetch_add(is_late, Ordering::SeqCst);
            }
            let passed = self.take(count);
            if to.write_all(&bytes[..passed]).is_err() {
                break;
            }
            if passed < count {
                self.line.cuts.fetch_add(1, Ordering::SeqCst);
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Returns how many of `count` bytes may still be forwarded.
    fn take(&self, count: usize) -> usize {
        if self.line.cut_within.load(Ordering::SeqCst) == 0 {
            return count;
        }
        let wanted = u64::try_from(count).unwrap();
        let less = |left: u64| Some(left.saturating_sub(wanted));
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .unwrap();
        usize::try_from(left.min(wanted)).unwrap()
    }
}

/// Returns a random number.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
