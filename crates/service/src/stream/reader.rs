//! A reader of a stream as the lines of a tape.

use std::io::{self, Read};

use portcullis_store::RedisServer;
use redis::{Connection, RedisError, Value};

use super::StreamEntry;
use crate::runtime::{connect, counted, last_id, list};

/// Number of entries in one read.
const BATCH: usize = 256;

/// A reader of the entries that a stream had when it was opened. Each entry is one line.
pub(crate) struct StreamReader {
    server: RedisServer,
    connection: Connection,
    stream: String,
    /// Position from which the next read continues.
    from: String,
    /// The last entry to read.
    last: String,
    /// Number of entries not yet read.
    left: u64,
    lines: Vec<u8>,
    /// Number of bytes of `lines` that the caller has already read.
    consumed: usize,
}

impl StreamReader {
    pub(crate) fn open(server: &RedisServer, stream: &str) -> io::Result<Self> {
        let failed = |error| failed(server, &error);
        let mut connection = connect(server).map_err(failed)?;
        let kind: String = redis::cmd("TYPE")
            .arg(stream)
            .query(&mut connection)
            .map_err(failed)?;
        match kind.as_str() {
            "stream" => {}
            "none" => return Err(refused("the stream does not exist")),
            other => return Err(refused(&format!("the key is a {other}, not a stream"))),
        }
        let (left, last): (u64, Value) = redis::pipe()
            .atomic()
            .cmd("XLEN")
            .arg(stream)
            .cmd("XREVRANGE")
            .arg(stream)
            .arg(["+", "-", "COUNT", "1"].as_slice())
            .query(&mut connection)
            .map_err(failed)?;
        Ok(Self {
            server: server.clone(),
            connection,
            stream: stream.to_owned(),
            from: "-".to_owned(),
            last: last_id(list(last)).unwrap_or_else(|| "0-0".to_owned()),
            left,
            lines: Vec::new(),
            consumed: 0,
        })
    }

    fn fetch(&mut self) -> io::Result<()> {
        self.lines.clear();
        self.consumed = 0;
        let reply: Value = redis::cmd("XRANGE")
            .arg(&self.stream)
            .arg(&self.from)
            .arg(&self.last)
            .arg("COUNT")
            .arg(BATCH)
            .query(&mut self.connection)
            .map_err(|error| failed(&self.server, &error))?;
        for entry in list(reply).into_iter().filter_map(StreamEntry::new) {
            self.left = self.left.saturating_sub(1);
            self.lines.extend(entry.line());
            self.lines.push(b'\n');
            self.from = format!("({}", entry.id);
        }
        if self.lines.is_empty() && self.left > 0 {
            let deleted = counted(self.left, "entry was", "entries were");
            return Err(refused(&format!(
                "{deleted} deleted while the stream was read; read it again"
            )));
        }
        Ok(())
    }
}

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.consumed == self.lines.len() {
            self.fetch()?;
        }
        let mut rest = self.lines.get(self.consumed..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.consumed = self.consumed.saturating_add(count);
        Ok(count)
    }
}

fn failed(server: &RedisServer, error: &RedisError) -> io::Error {
    io::Error::other(server.error_text(error))
}

fn refused(why: &str) -> io::Error {
    io::Error::other(why.to_owned())
}
