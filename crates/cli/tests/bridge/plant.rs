//! Planted bugs in a script on the server.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::process::Server;

/// A planted bug: a part of a script, and the text that replaces it.
#[derive(Debug)]
pub(crate) struct Plant {
    from: &'static str,
    to: &'static str,
}

impl Plant {
    pub(crate) const fn new(from: &'static str, to: &'static str) -> Self {
        Self { from, to }
    }
}

/// Loads a script with a planted bug, and starts a proxy that calls it instead of the script. Returns the port of the
/// proxy, and the number of replaced calls.
pub(crate) fn replacing(server: &Server, script: &str, plant: &Plant) -> (u16, Arc<AtomicUsize>) {
    assert_eq!(script.matches(plant.from).count(), 1, "{plant:?}");
    let mut redis = server.connect();
    let mut load = |script: &str| -> String {
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(script).query(&mut redis.0).unwrap()
    };
    let original = load(script);
    let planted = load(&script.replace(plant.from, plant.to));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    let (port, count) = (server.port(), Arc::new(AtomicUsize::new(0)));
    let replaced = Arc::clone(&count);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", port))) else {
                continue;
            };
            let (mut back, mut out) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut out));
            let (original, planted) = (original.clone(), planted.clone());
            let replaced = Arc::clone(&replaced);
            thread::spawn(move || {
                forward(
                    client,
                    server,
                    original.as_bytes(),
                    planted.as_bytes(),
                    &replaced,
                );
            });
        }
    });
    (own, count)
}

/// Forwards all bytes, and replaces the digest of one script by that of another.
fn forward(
    mut from: TcpStream,
    mut to: TcpStream,
    original: &[u8],
    planted: &[u8],
    replaced: &AtomicUsize,
) {
    let mut bytes = vec![0; 262_144];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let sent = &mut bytes[..count];
        let mut at = 0;
        while let Some(found) = sent[at..]
            .windows(original.len())
            .position(|window| window == original)
        {
            let start = at + found;
            at = start + original.len();
            sent[start..at].copy_from_slice(planted);
            replaced.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(sent).is_err() {
            break;
        }
    }
}
