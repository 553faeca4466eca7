//! The Prometheus endpoint.

use std::net::SocketAddr;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use super::ServiceError;

/// Bucket bounds of the histograms in seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0,
];

/// Serves metrics at this address, in the text format of Prometheus, until the process ends.
///
/// # Errors
/// Returns an error if the address cannot be bound.
pub fn serve_metrics(address: SocketAddr) -> Result<(), ServiceError> {
    PrometheusBuilder::new()
        .with_http_listener(address)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(PrometheusBuilder::install)
        .map_err(|source| ServiceError::Metrics { address, source })
}
