//! The records of shadow arms. They are written after the answers, once, and nothing depends on them.

use portcullis_rollout::ShadowAnswer;
use portcullis_store::redis::keys::ARM_RESULTS;
use redis::{Connection, RedisResult};

use super::metrics;
use crate::{keys, runtime::line};

/// The approximate maximum length of the stream of shadow records.
const RECORDS_MAX: u64 = 100_000;

/// The answer of a shadow arm to a stream entry.
#[derive(Debug)]
pub(super) struct ShadowRecord {
    pub(super) entry_id: String,
    pub(super) answer: ShadowAnswer,
}

/// Writes the records, and adds them to the results of their arms. If the server rejects a record, the record is dropped.
/// An error is returned only if the connection is broken.
pub(super) fn write(
    stream: &str,
    records: &[ShadowRecord],
    connection: &mut Connection,
) -> RedisResult<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut pipe = redis::pipe();
    pipe.ignore_errors();
    for ShadowRecord { entry_id, answer } in records {
        let (arm, agreement) = (answer.arm(), answer.agreement());
        let add = pipe.cmd("XADD").arg(keys::SHADOWS);
        add.arg("MAXLEN").arg("~").arg(RECORDS_MAX).arg("*");
        add.arg("entry").arg(entry_id).arg("stream").arg(stream);
        add.arg("record").arg(answer.to_json());
        metrics::shadow(agreement);
        let results = format!("{ARM_RESULTS}{arm}");
        if agreement.is_compared() {
            let count = pipe.cmd("HINCRBY").arg(&results);
            count.arg("compared").arg(1);
        }
        if agreement == portcullis_rollout::Agreement::Same {
            pipe.cmd("HINCRBY").arg(&results).arg("agreed").arg(1);
        }
    }
    let replies: Vec<RedisResult<redis::Value>> = pipe.query(connection)?;
    if let Some(error) = replies.iter().find_map(|reply| reply.as_ref().err()) {
        metrics::shadows_dropped();
        line(format_args!(
            "SHADOW_DROPPED: the server rejected records of shadow arms: {error}"
        ));
    }
    Ok(())
}
