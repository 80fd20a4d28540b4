//! The part of a run in which the load was what was asked for.

use super::drift::{Drift, drift};
use super::output::Output;

/// The steady state of a run: after the warm-up, before the load runs dry.
///
/// In an open loop it lasts until the last arrival. In a closed loop it begins and ends with the
/// first and the last moment at which at least 95 % of the places were taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Steady {
    /// Its start in milliseconds since the run began.
    pub from_ms: f64,
    /// Its end in milliseconds since the run began.
    pub to_ms: f64,
    /// Trials that started in it, the warm-up left out.
    pub trials: u64,
    /// Median time to first token of those that have one, in milliseconds.
    pub ttft_p50_ms: Option<f64>,
    /// 99th percentile of the same.
    pub ttft_p99_ms: Option<f64>,
    /// Output tokens per second: those that came in it, whichever trials they belong to. Absent where
    /// no time passed or no attempt had tokens.
    pub output_tokens_per_s: Option<f64>,
    /// Whether every token was counted by the time of its own chunk; otherwise some are spread evenly
    /// from the first to the last of their answer.
    pub is_by_chunk: bool,
    /// Whether the tokens of some answers are estimates, because the server said nothing.
    pub has_estimates: bool,
    /// A change of the times to first token in it, where the load itself was to stay the same.
    pub drift: Option<Drift>,
}

/// What is kept of a trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start_ms: f64,
    pub(super) end_ms: f64,
    pub(super) ttft_ms: Option<f64>,
    pub(super) is_warmup: bool,
}

/// The steady state of these trials and their output; `places` is the size of a closed loop.
pub(super) fn steady(spans: &[Span], output: &[Output], places: Option<usize>) -> Option<Steady> {
    let (from_ms, to_ms) = match places {
        Some(places) => plateau(spans, (0.95 * places as f64).ceil() as usize)?,
        None => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let inside = spans
        .iter()
        .filter(|span| !span.is_warmup && (from_ms..=to_ms).contains(&span.start_ms));
    let (mut first, mut last, mut trials) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    let (mut times, mut series) = (Vec::new(), Vec::new());
    for span in inside {
        first = first.min(span.start_ms);
        last = last.max(span.start_ms);
        trials += 1;
        times.extend(span.ttft_ms);
        series.extend(span.ttft_ms.map(|ttft_ms| (span.start_ms, ttft_ms)));
    }
    times.sort_unstable_by(f64::total_cmp);
    // Trials come in the order in which they ended.
    series.sort_by(|a, b| a.0.total_cmp(&b.0));
    let from_ms = first.max(from_ms);
    let to_ms = if places.is_some() { to_ms } else { last };
    let tokens: f64 = output.iter().map(|o| o.within(from_ms, to_ms)).sum();
    let seconds = (to_ms - from_ms) / 1e3;
    (trials > 0).then(|| Steady {
        from_ms,
        to_ms,
        trials,
        output_tokens_per_s: (tokens > 0.0 && seconds > 0.0).then(|| tokens / seconds),
        is_by_chunk: output.iter().all(Output::is_by_chunk),
        has_estimates: output.iter().any(Output::is_estimated),
        drift: drift(&series),
        ttft_p50_ms: quantile(&times, 0.5),
        ttft_p99_ms: quantile(&times, 0.99),
    })
}

/// First and last moment with at least so many trials under way.
fn plateau(spans: &[Span], enough: usize) -> Option<(f64, f64)> {
    // An end before a start of the same moment: a place is handed over, not doubled.
    let mut moments: Vec<(f64, i32)> = spans
        .iter()
        .flat_map(|span| [(span.start_ms, 1), (span.end_ms, -1)])
        .collect();
    moments.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut under_way, mut from, mut to) = (0i64, None, None);
    for (at, change) in moments {
        let was_full = under_way >= enough as i64;
        under_way += i64::from(change);
        if !was_full && under_way >= enough as i64 {
            from = from.or(Some(at));
        }
        if was_full && under_way < enough as i64 {
            to = Some(at);
        }
    }
    from.zip(to)
}

/// Nearest-rank quantile of sorted numbers.
pub(super) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start_ms: f64, end_ms: f64) -> Span {
        Span {
            start_ms,
            end_ms,
            ttft_ms: Some(end_ms - start_ms),
            is_warmup: false,
        }
    }

    #[test]
    fn a_closed_loop_is_steady_while_it_is_full() {
        // Two places; the second is taken from 5 to 30, the first is alone before and after.
        let spans = [span(0.0, 20.0), span(5.0, 30.0), span(20.0, 40.0)];
        let steady = steady(&spans, &[], Some(2)).unwrap();
        assert_eq!((steady.from_ms, steady.to_ms), (5.0, 30.0));
        assert_eq!(steady.trials, 2);
        assert_eq!(super::steady(&spans[..1], &[], Some(2)), None);
    }

    #[test]
    fn a_slow_start_in_the_warmup_does_not_touch_the_steady_state() {
        let mut spans: Vec<_> = (0..100)
            .map(|i| span(f64::from(i), f64::from(i) + 5.0))
            .collect();
        for slow in &mut spans[..20] {
            slow.ttft_ms = Some(1_000.0);
            slow.is_warmup = true;
        }
        let steady = steady(&spans, &[], None).unwrap();
        assert_eq!(
            (steady.from_ms, steady.to_ms, steady.trials),
            (20.0, 99.0, 80)
        );
        assert_eq!(
            (steady.ttft_p50_ms, steady.ttft_p99_ms),
            (Some(5.0), Some(5.0))
        );
    }
}
