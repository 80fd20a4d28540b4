//! How many calls may be under way at once.

/// Additive increase, multiplicative decrease: a rate-limit refusal halves the calls under way, and
/// each answer adds the part of a call that makes one more per round. Source: Chiu and Jain,
/// "Analysis of the increase and decrease algorithms for congestion avoidance in computer networks",
/// Computer Networks and ISDN Systems 17(1), 1989. Latency is no signal here: a slow server is what
/// is measured, and slowing down for it would hide it.
#[derive(Debug, Clone)]
pub(super) struct Window {
    max: f64,
    limit: f64,
    is_adaptive: bool,
    cut_ms: f64,
    cuts: u64,
    lowest: f64,
}

impl Window {
    pub(super) fn new(max: Option<u32>, is_adaptive: bool) -> Self {
        let max = max.map_or(f64::INFINITY, |max| f64::from(max.max(1)));
        Self {
            max,
            limit: max,
            is_adaptive,
            cut_ms: f64::NEG_INFINITY,
            cuts: 0,
            lowest: max,
        }
    }

    /// Whether one more call may go beside those under way.
    pub(super) fn has_room(&self, in_flight: u32) -> bool {
        f64::from(in_flight) + 1.0 <= self.limit
    }

    /// A call was refused for a rate limit. Refusals of calls sent before the last cut say nothing
    /// new.
    pub(super) fn refused(&mut self, sent_ms: f64, in_flight: u32, now_ms: f64) {
        if !self.is_adaptive || sent_ms < self.cut_ms {
            return;
        }
        let under_way = f64::from(in_flight.max(1));
        self.limit = (self.limit.min(under_way) / 2.0).max(1.0);
        self.cut_ms = now_ms;
        self.cuts += 1;
        self.lowest = self.lowest.min(self.limit);
    }

    /// A call was answered. Only a limit that was felt grows, as a congestion window that is not
    /// used up proves nothing (RFC 7661).
    pub(super) fn answered(&mut self, in_flight: u32) {
        if self.limit < self.max && !self.has_room(in_flight) {
            self.limit = (self.limit + 1.0 / self.limit).min(self.max);
        }
    }

    /// Times that the limit was halved, and the lowest it has been.
    pub(super) fn cuts(&self) -> (u64, u32) {
        (self.cuts, self.lowest.min(f64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_halves_once_and_answers_win_back() {
        let mut window = Window::new(None, true);
        assert!(window.has_room(10_000));
        window.refused(1.0, 16, 5.0);
        assert!(window.has_room(7) && !window.has_room(8));
        // Sent before the cut: the same event.
        window.refused(2.0, 15, 6.0);
        assert!(window.has_room(7));
        for _ in 0..9 {
            window.answered(8);
        }
        assert!(window.has_room(8) && !window.has_room(9));
        // A limit that is not felt does not grow.
        for _ in 0..100 {
            window.answered(1);
        }
        assert!(!window.has_room(9));
        window.refused(7.0, 1, 8.0);
        window.refused(9.0, 1, 9.0);
        assert!(
            window.has_room(0) && !window.has_room(1),
            "one call always may go"
        );
        assert_eq!(window.cuts(), (3, 1));
    }

    #[test]
    fn a_fixed_limit_stays() {
        let mut window = Window::new(Some(3), false);
        window.refused(1.0, 3, 2.0);
        assert!(window.has_room(2) && !window.has_room(3));
        assert_eq!(window.cuts(), (0, 3));
        let mut window = Window::new(Some(3), true);
        window.refused(1.0, 3, 2.0);
        for _ in 0..100 {
            window.answered(3);
        }
        assert!(
            window.has_room(2) && !window.has_room(3),
            "never above the user's own"
        );
    }
}
