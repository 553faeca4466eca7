//! The market state, computed from returns.

use super::Market;
use crate::types::Timestamp;

impl Market {
    /// Computes the market state from the n returns of one window, `r = close / previous close − 1`, oldest first:
    ///
    /// - `sigma` is the population standard deviation of the returns times √n, the volatility of one window;
    /// - `ts`, the trend strength, is `|Σ r| / sigma`, or 0 if `sigma` is 0;
    /// - `p_trend` is `ts / trend_certain`, at most 1;
    /// - `p_chop` is `1 − p_trend`, and `p_mr` is 0, because the kill score uses only the sum of the two.
    ///
    /// The result is `None` if there are fewer than two returns. The computation uses only additions, multiplications,
    /// divisions and square roots in the order of the returns, so the result has the same bits on every machine.
    ///
    /// ```
    /// use portcullis::{harvest::Market, types::Timestamp};
    ///
    /// let returns = [0.1, -0.1, 0.1, 0.1];
    /// let market = Market::from_returns(returns.into_iter(), 0.8, Timestamp::MIN).ok_or("fewer than two returns")?;
    /// assert!((market.sigma.unwrap() - 0.03_f64.sqrt()).abs() < 1e-12);
    /// assert_eq!(market.p_trend, Some(1.0));
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn from_returns(
        returns: impl ExactSizeIterator<Item = f64> + Clone,
        trend_certain: f64,
        as_of: Timestamp,
    ) -> Option<Self> {
        if returns.len() < 2 {
            return None;
        }
        let count = f64::from(u32::try_from(returns.len()).ok()?);
        let sum: f64 = returns.clone().sum();
        let mean = sum / count;
        let deviations = returns.map(|r| r - mean);
        let squares = deviations.map(|deviation| deviation * deviation);
        let sigma = squares.sum::<f64>().sqrt();
        let ts = if sigma > 0.0 { sum.abs() / sigma } else { 0.0 };
        let p_trend = (ts / trend_certain).min(1.0);
        Some(Self {
            sigma: Some(sigma),
            ts: Some(ts),
            p_trend: Some(p_trend),
            p_mr: Some(0.0),
            p_chop: Some(1.0 - p_trend),
            as_of: Some(as_of),
        })
    }
}
