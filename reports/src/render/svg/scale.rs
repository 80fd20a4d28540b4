//! From data to pixels, and where the ticks go.

/// A linear or logarithmic axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    /// A linear axis; a range without width is widened.
    pub(crate) fn linear(range: (f64, f64), pixels: (f64, f64)) -> Self {
        let (low, high) = widened(range);
        Self {
            low,
            high,
            from: pixels.0,
            to: pixels.1,
            log: false,
        }
    }

    /// A logarithmic axis over positive numbers.
    pub(crate) fn log(range: (f64, f64), pixels: (f64, f64)) -> Self {
        let low = range.0.max(f64::MIN_POSITIVE);
        let high = if range.1 > low { range.1 } else { low * 10.0 };
        Self {
            low: low.log10(),
            high: high.log10(),
            from: pixels.0,
            to: pixels.1,
            log: true,
        }
    }

    /// Pixel of a value, kept inside the axis.
    pub(crate) fn at(&self, x: f64) -> f64 {
        let x = if self.log {
            x.max(f64::MIN_POSITIVE).log10()
        } else {
            x
        };
        let x = x.clamp(self.low, self.high);
        self.from + (x - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Whether a value lies on the axis.
    pub(crate) fn holds(&self, x: f64) -> bool {
        let x = if self.log { x.log10() } else { x };
        (self.low..=self.high).contains(&x)
    }

    /// Round values inside the axis, at most about `most`.
    pub(crate) fn ticks(&self, most: u32) -> Vec<f64> {
        if self.log {
            self.log_ticks(most)
        } else {
            linear_ticks(self.low, self.high, most)
        }
    }

    fn log_ticks(&self, most: u32) -> Vec<f64> {
        for mantissas in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
            let mut ticks = Vec::new();
            let mut decade = self.low.floor();
            while decade <= self.high {
                for m in mantissas {
                    let tick = m * 10f64.powf(decade);
                    if self.holds(tick) {
                        ticks.push(tick);
                    }
                }
                decade += 1.0;
            }
            if ticks.len() >= 2 && ticks.len() <= most as usize {
                return ticks;
            }
            if ticks.len() < 2 {
                return linear_ticks(10f64.powf(self.low), 10f64.powf(self.high), 3);
            }
        }
        let decades = (self.high - self.low) / f64::from(most.max(1));
        let step = decades.ceil().max(1.0);
        let mut decade = self.low.ceil();
        let mut ticks = Vec::new();
        while decade <= self.high {
            ticks.push(10f64.powf(decade));
            decade += step;
        }
        ticks
    }
}

fn widened((low, high): (f64, f64)) -> (f64, f64) {
    if high > low {
        (low, high)
    } else {
        let pad = if low == 0.0 { 0.5 } else { 0.1 * low.abs() };
        (low - pad, high + pad)
    }
}

fn linear_ticks(low: f64, high: f64, most: u32) -> Vec<f64> {
    let raw = (high - low) / f64::from(most.max(1));
    let decade = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * decade)
        .find(|step| *step >= raw * 0.999_999)
        .unwrap_or(10.0 * decade);
    let mut ticks = Vec::new();
    let mut k = (low / step).ceil();
    while k * step <= high + 1e-9 * step {
        ticks.push(k * step);
        k += 1.0;
    }
    ticks
}

/// Decimals that tell neighbouring ticks apart, at most six.
pub(crate) fn decimals(ticks: &[f64]) -> usize {
    let step = ticks
        .windows(2)
        .map(|w| w[1] - w[0])
        .fold(f64::INFINITY, f64::min);
    (0..6)
        .find(|d| {
            let scaled = step * 10f64.powi(*d);
            scaled >= 0.95 && (scaled - scaled.round()).abs() < 0.05
        })
        .map_or(6, |d| usize::try_from(d).unwrap_or(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_ticks_are_round_and_inside() {
        let scale = Scale::linear((-7.3, 12.1), (0.0, 100.0));
        assert_eq!(scale.ticks(5), [-5.0, 0.0, 5.0, 10.0]);
        assert_eq!(decimals(&scale.ticks(5)), 0);
        assert!(scale.at(-7.3).abs() < 1e-12 && (scale.at(99.0) - 100.0).abs() < 1e-12);
    }

    #[test]
    fn log_ticks_cover_decades() {
        let scale = Scale::log((0.3, 200.0), (0.0, 100.0));
        let ticks = scale.ticks(6);
        assert!(ticks.len() >= 3 && ticks.len() <= 6, "{ticks:?}");
        let wide = Scale::log((1e-6, 1e6), (0.0, 100.0)).ticks(5);
        assert!(wide.len() >= 3 && wide.len() <= 6, "{wide:?}");
    }

    #[test]
    fn a_single_value_still_has_an_axis() {
        let scale = Scale::linear((3.0, 3.0), (0.0, 10.0));
        assert!((scale.at(3.0) - 5.0).abs() < 1e-12);
    }
}
