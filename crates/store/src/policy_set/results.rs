//! The measured results of an arm.

/// The results of an arm since it was started, as the services have measured them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ArmResults {
    /// The number of positions that were opened under the arm and are closed; the harvester counts them.
    pub closed_trades: u64,
    /// The number of answers of a shadow that were compared with the live answers; the bridge counts them.
    pub compared: u64,
    /// The number of compared answers that were the same.
    pub agreed: u64,
    /// The largest drawdown of the arm as a share of its equity; `None` if the executor has not reported one. A report
    /// that is not a number is NaN.
    pub drawdown: Option<f64>,
}
