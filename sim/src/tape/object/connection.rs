//! A connection to the server of an object.

use std::{io, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    ClientOptions, Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, Result, RetryConfig, aws::AmazonS3Builder, http::HttpBuilder, path::Path,
};
use portcullis::types::Shown;
use tokio::runtime::{Builder, Runtime};

use super::{Object, ServerError, is_s3};

/// The maximum number of times that a request is repeated after a failure of the network or the server.
const RETRIES_MAX: usize = 6;

/// The maximum time for all attempts of a request.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// The maximum time for one attempt of a request of a block.
const BLOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to the server of an object, and the path of the object there. The runtime has one thread, which
/// receives data while the caller works on earlier data.
pub(super) struct Connection {
    pub(super) runtime: Runtime,
    pub(super) store: Store,
}

/// An object of a server.
#[derive(Clone)]
pub(super) struct Store {
    server: Arc<dyn ObjectStore>,
    pub(super) path: Path,
    is_s3: bool,
}

/// The time that the transfer of a whole response may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timeout {
    Block,
    /// No limit, because the response contains the whole object.
    None,
}

impl Connection {
    /// Prepares a connection. No request is sent.
    ///
    /// # Errors
    /// Returns an error if the URL or the configuration in the environment is not valid.
    pub(super) fn open(url: &str, timeout: Timeout) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            store: Store::new(url, timeout)?,
        })
    }

    /// Waits for a result.
    pub(super) fn wait<T>(&self, result: impl Future<Output = Result<T>>) -> io::Result<T> {
        let result = self.runtime.block_on(result);
        result.map_err(|error| self.store.failure(&error))
    }
}

impl Store {
    fn new(url: &str, timeout: Timeout) -> io::Result<Self> {
        let retry = RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        };
        if let Some((bucket, key)) = s3_place(url) {
            if bucket.is_empty() || key.is_empty() {
                return Err(ServerError::io("the form of the URL is `s3://BUCKET/KEY`"));
            }
            let path = Path::parse(key).map_err(|error| ServerError::io(error.to_string()))?;
            let s3 = AmazonS3Builder::from_env()
                .with_bucket_name(bucket)
                .with_retry(retry);
            let server = s3.build().map_err(|error| failure(&error, true))?;
            return Ok(Self {
                server: Arc::new(server),
                path,
                is_s3: true,
            });
        }
        let host = url.split_once("://").map_or(url, |(_, rest)| rest);
        if host
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|host| host.contains('@'))
        {
            return Err(ServerError::io(
                "a URL with a user name or a password is not supported; use a signed URL, or download the file",
            ));
        }
        let options = ClientOptions::new().with_allow_http(true);
        let options = match timeout {
            Timeout::Block => options.with_timeout(BLOCK_TIMEOUT),
            Timeout::None => options.with_timeout_disabled(),
        };
        let http = HttpBuilder::new()
            .with_url(url)
            .with_client_options(options)
            .with_retry(retry);
        let server = http.build().map_err(|error| failure(&error, false))?;
        Ok(Self {
            server: Arc::new(server),
            // The URL of the server is that of the object, so that its escapes and its query are not changed.
            path: Path::default(),
            is_s3: false,
        })
    }

    /// Returns the size and the version of the object.
    pub(super) async fn meta(&self) -> Result<ObjectMeta> {
        let head = self.server.head(&self.path).await;
        if self.is_s3 || head.is_ok() {
            return head;
        }
        // A signed URL is valid for one method only, and some servers reject HEAD.
        let result = match self.get(Some(0..1)).await {
            Ok(result) => result,
            // The server does not support ranges, or the object is empty.
            Err(_) => self.get(None).await?,
        };
        Ok(result.meta)
    }

    /// Requests a range, or the whole object.
    async fn get(&self, range: Option<Range<u64>>) -> Result<GetResult> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        self.server.get_opts(&self.path, options).await
    }

    /// Returns the bytes in a range of an object, which must not have changed.
    pub(super) async fn block(self, object: Arc<Object>, range: Range<u64>) -> Result<Bytes> {
        let result = self.get(Some(range)).await?;
        check_version(&object, &result.meta)?;
        result.bytes().await
    }

    /// Returns all bytes of an object, which must not have changed.
    pub(super) async fn stream(
        &self,
        object: &Object,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let result = self.get(None).await?;
        check_version(object, &result.meta)?;
        Ok(result.into_stream())
    }

    /// Returns the objects whose keys begin with the folder `prefix`.
    pub(super) async fn list(&self, prefix: &Path) -> Result<Vec<ObjectMeta>> {
        self.server.list(Some(prefix)).boxed().try_collect().await
    }

    pub(super) fn failure(&self, error: &Error) -> io::Error {
        failure(error, self.is_s3)
    }
}

/// Returns the bucket and the key of a URL of S3.
pub(super) fn s3_place(url: &str) -> Option<(&str, &str)> {
    let place = url.strip_prefix("s3://").filter(|_| is_s3(url))?;
    Some(place.split_once('/').unwrap_or((place, "")))
}

/// Returns the entity tag, or the time of the last change if there is no entity tag.
pub(super) fn version(meta: &ObjectMeta) -> Option<String> {
    let changed = meta.last_modified;
    let changed = (changed.timestamp() != 0).then(|| changed.to_rfc3339());
    meta.e_tag.clone().or(changed)
}

fn check_version(object: &Object, meta: &ObjectMeta) -> Result<()> {
    if meta.size == object.bytes && version(meta) == object.version {
        return Ok(());
    }
    Err(Error::Precondition {
        path: String::new(),
        source: "the object has changed".into(),
    })
}

/// Returns an error that names the cause and the next step. The texts of the library are not used as they are, because
/// they contain the URL.
fn failure(error: &Error, is_s3: bool) -> io::Error {
    let why = match error {
        Error::NotFound { .. } if is_s3 => {
            "there is no such object: check the bucket and the key".to_owned()
        }
        Error::NotFound { .. } => "the server has no such file: check the URL".to_owned(),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } if is_s3 => {
            "access is denied: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or set \
             AWS_SKIP_SIGNATURE=true if the bucket is public"
                .to_owned()
        }
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            "access is denied: check the URL, whose signature may have expired".to_owned()
        }
        Error::Precondition { .. } => "it has changed since the run began; start again".to_owned(),
        Error::NotSupported { .. } => {
            "the server does not support range requests: download the file".to_owned()
        }
        Error::Generic { .. }
        | Error::InvalidPath { .. }
        | Error::JoinError { .. }
        | Error::AlreadyExists { .. }
        | Error::NotModified { .. }
        | Error::NotImplemented { .. }
        | Error::UnknownConfigurationKey { .. }
        | _ => {
            let mut cause: &dyn std::error::Error = error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            let next = match is_s3 {
                true => {
                    "check the credentials (AWS_ACCESS_KEY_ID and others), AWS_REGION and AWS_ENDPOINT_URL; set \
                     AWS_ALLOW_HTTP=true if the endpoint has no TLS"
                }
                false => "check the URL and the network",
            };
            format!("{}; {next}", short(&cause.to_string()))
        }
    };
    ServerError::io(why)
}

/// Returns the first line of a text without the body of a response. Of a body in XML, returns the message.
fn short(text: &str) -> String {
    let message = text
        .split_once("<Message>")
        .and_then(|(_, rest)| rest.split_once("</Message>"));
    let text = message.map_or(text, |(message, _)| message);
    let end = text.find(['<', '\n', '{']).unwrap_or(text.len());
    let text = text.get(..end).unwrap_or_default().trim();
    Shown(text.trim_end_matches(':')).to_string()
}
