//! Readers of an object.

use std::{
    io::{self, Read},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};
use object_store::Result;
use tokio::task::JoinHandle;

use super::{
    Object,
    blocks::{Blocks, take},
    connection::{Connection, Timeout},
    is_s3,
};
use crate::tape::read_at::ReadAt;

/// The number of bytes in one request. A reader in sequence holds two blocks.
const BLOCK_BYTES: u64 = 2 * 1024 * 1024;

/// The maximum number of blocks that a reader at any position holds: 64 MiB.
const BLOCKS_MAX: usize = 32;

impl Object {
    /// Opens a range for reading in sequence. The object is requested in blocks, so that a failed request can be
    /// repeated. If the server does not support ranges and the range is the whole object, there is one request.
    ///
    /// # Errors
    /// Returns an error if the object cannot be read or has changed.
    pub(crate) fn read(&self, range: Range<u64>) -> io::Result<Box<dyn Read + Send>> {
        if range.is_empty() {
            return Ok(Box::new(io::empty()));
        }
        if range == (0..self.bytes) && !self.has_ranges()? {
            let connection = Connection::open(&self.url, Timeout::None)?;
            let stream = connection.wait(connection.store.stream(self))?;
            return Ok(Box::new(Stream {
                stream,
                current: Bytes::new(),
                connection,
            }));
        }
        let mut blocks = BlockReader {
            object: Arc::new(self.clone()),
            rest: range,
            current: Bytes::new(),
            next: None,
            connection: Connection::open(&self.url, Timeout::Block)?,
        };
        blocks.request_next();
        Ok(Box::new(blocks))
    }

    /// Opens the object for reading at any position; `None` if the server does not support ranges.
    ///
    /// # Errors
    /// Returns an error if the object cannot be read or has changed.
    pub(crate) fn open_at(&self) -> io::Result<Option<Arc<dyn ReadAt>>> {
        if !self.has_ranges()? {
            return Ok(None);
        }
        let connection = Connection::open(&self.url, Timeout::Block)?;
        let object = Arc::new(self.clone());
        let request = move |range| {
            let store = connection.store.clone();
            connection.wait(store.block(Arc::clone(&object), range))
        };
        let blocks = Blocks::new(Box::new(request), self.bytes, BLOCK_BYTES, BLOCKS_MAX);
        Ok(Some(Arc::new(blocks)))
    }

    /// Returns true if the server supports ranges.
    fn has_ranges(&self) -> io::Result<bool> {
        if is_s3(&self.url) || self.bytes == 0 {
            return Ok(true);
        }
        let connection = Connection::open(&self.url, Timeout::Block)?;
        let object = Arc::new(self.clone());
        let block = connection.store.clone().block(object, 0..1);
        match connection.runtime.block_on(block) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotSupported { .. }) => Ok(false),
            Err(error) => Err(connection.store.failure(&error)),
        }
    }
}

/// A reader that requests one block while the previous one is read.
struct BlockReader {
    object: Arc<Object>,
    /// The range that was not requested yet.
    rest: Range<u64>,
    current: Bytes,
    next: Option<JoinHandle<Result<Bytes>>>,
    connection: Connection,
}

impl BlockReader {
    fn request_next(&mut self) {
        let (begin, end) = (self.rest.start, self.rest.end);
        let end = begin.saturating_add(BLOCK_BYTES).min(end);
        self.next = (begin < end).then(|| {
            let store = self.connection.store.clone();
            let block = store.block(Arc::clone(&self.object), begin..end);
            self.connection.runtime.spawn(block)
        });
        self.rest.start = end.max(begin);
    }
}

impl Read for BlockReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.is_empty()
            && let Some(next) = self.next.take()
        {
            let block = self.connection.runtime.block_on(next);
            let block = block.map_err(io::Error::other)?;
            self.current = block.map_err(|error| self.connection.store.failure(&error))?;
            self.request_next();
        }
        Ok(take(&mut self.current, buffer))
    }
}

/// A reader of the response to one request.
struct Stream {
    stream: BoxStream<'static, Result<Bytes>>,
    current: Bytes,
    connection: Connection,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.connection.runtime.block_on(self.stream.next()) {
                Some(Ok(bytes)) => self.current = bytes,
                Some(Err(error)) => return Err(self.connection.store.failure(&error)),
                None => return Ok(0),
            }
        }
        Ok(take(&mut self.current, buffer))
    }
}
