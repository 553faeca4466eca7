//! The exponential function of the kill score.
//!
//! The platform's `exp` differs between platforms in the last bit, and the compiler cannot
//! vectorize it. This function uses additions, subtractions, multiplications and bit operations in
//! a fixed order, without fused operations. The results are therefore bit-identical for a single
//! position, in a batch, and on every platform.

/// The constant 1 / ln 2.
const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// The constant ln 2, in two parts (Cody and Waite). The high part ends in 21 zero bits, so its
/// product with a whole number of at most 21 bits is exact. [`exp_of_negative`] needs 10 bits.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The constant 1.5 · 2^52. If it is added to a small number, the lowest bits of the sum are that
/// number, rounded to a whole number.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// The largest argument. For a larger argument, the result is the same as for 708. e^(−708) is
/// about 3·10^−308, which is still a normal number, and adding it to 1 gives 1.
const Z_MAX: f64 = 708.0;
/// The bias of the exponent of an `f64`.
const BIAS: u64 = 1023;

/// Coefficients of the polynomial q in e^r = 1 + r + r²/2 + r³ · q(r) for |r| ≤ ln 2 / 2, lowest
/// power first (minimax). The relative error of e^r is below 2^−57.
const Q: [f64; 9] = [
    0.166_666_666_666_664_33,
    0.041_666_666_666_603_99,
    0.008_333_333_333_499_927,
    0.001_388_888_892_678_006_8,
    0.000_198_412_694_664_104_64,
    2.480_150_870_513_199_2e-5,
    2.755_764_075_097_119_7e-6,
    2.762_517_704_877_903e-7,
    2.497_839_602_757_541_3e-8,
];

/// Returns e^(−z) for z in \[0, 708\], within 1 ulp. For a larger z, for +∞ and for NaN, returns
/// the value for 708. The result for a z below 0 is meaningless. Never panics.
#[inline(always)]
pub(super) fn exp_of_negative(z: f64) -> f64 {
    let x = if z < Z_MAX { -z } else { -Z_MAX };
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let high = x - n * LN_2_HIGH;
    let low = n * LN_2_LOW;
    let r = high - low;
    // `rest` is the rounding error of the subtraction above.
    let rest = (high - r) - low;

    // The polynomial is evaluated in pairs (Estrin), so that the dependency chain is short.
    let [q0, q1, q2, q3, q4, q5, q6, q7, q8] = Q;
    let r2 = r * r;
    let r4 = r2 * r2;
    let lower = (0.5 + q0 * r) + r2 * (q1 + q2 * r);
    let upper = (q3 + q4 * r) + r2 * (q5 + q6 * r);
    let top = (r4 * r4) * (q7 + q8 * r);
    let exp_r = 1.0 + (r + (rest + r2 * ((lower + r4 * upper) + top)));

    // The low bits of `shifted` are n. The shift moves n plus the bias into the exponent and
    // removes all other bits.
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(BIAS) << 52);
    exp_r * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the distance from `x` to the next double of greater magnitude.
    fn ulp(x: f64) -> f64 {
        f64::from_bits(x.to_bits() + 1) - x
    }

    #[test]
    fn is_within_one_ulp() {
        let mut worst: f64 = 0.0;
        // Each line has z, the double nearest to e^(−z), and the difference between the exact value
        // and that double in ulp.
        for line in include_str!("../../tests/vectors/exp_of_negative.txt").lines() {
            let mut words = line.split(' ');
            let mut bits =
                || f64::from_bits(u64::from_str_radix(words.next().unwrap(), 16).unwrap());
            let (z, nearest) = (bits(), bits());
            let above: f64 = words.next().unwrap().parse().unwrap();
            let error = ((exp_of_negative(z) - nearest) / ulp(nearest) - above).abs();
            assert!(error <= 1.0, "{z}: off by {error} ulp");
            worst = worst.max(error);
        }
        assert!(
            worst > 0.5,
            "the worst error is {worst} ulp, so the comparison with the reference has no effect"
        );
    }

    #[test]
    fn values_at_the_ends_of_the_range() {
        assert_eq!(exp_of_negative(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(exp_of_negative(-0.0).to_bits(), 1.0_f64.to_bits());
        let least = exp_of_negative(708.0);
        assert!(least.is_normal());
        for z in [708.1, 746.0, 1e300, f64::MAX, f64::INFINITY, f64::NAN] {
            assert_eq!(exp_of_negative(z).to_bits(), least.to_bits(), "{z}");
        }
    }

    #[test]
    fn never_increases() {
        let mut last = exp_of_negative(0.0);
        for step in 1..200_000_u32 {
            let next = exp_of_negative(f64::from(step) / 256.0);
            assert!(next <= last, "at step {step}");
            last = next;
        }
    }
}
