//! Stretches in which a model hardly answered.

use crate::model::{FailureTimeline, Outage};

/// Fewest failed calls that make an outage.
const FEWEST: u64 = 10;

/// Stretches of neighbouring steps in each of which at least nine of ten calls failed. Steps without
/// a call neither begin nor end one. Failures that are scattered at random hardly ever make one.
pub(super) fn outages(timeline: &FailureTimeline) -> Vec<Outage> {
    let mut found = Vec::new();
    for (model, steps) in &timeline.models {
        let mut open: Option<Outage> = None;
        for (i, &(calls, failed)) in (0u64..).zip(steps) {
            if calls == 0 {
                continue;
            }
            if 10 * failed < 9 * calls {
                found.extend(open.take());
                continue;
            }
            let outage = open.get_or_insert_with(|| Outage {
                model: model.clone(),
                from: i * timeline.step,
                to: 0,
                calls: 0,
                failed: 0,
            });
            outage.to = (i + 1) * timeline.step;
            outage.calls += calls;
            outage.failed += failed;
        }
        found.extend(open);
    }
    found.retain(|outage| outage.failed >= FEWEST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimelineUnit;

    #[test]
    fn an_outage_is_a_stretch_and_single_failures_are_none() {
        let timeline = FailureTimeline {
            unit: TimelineUnit::Samples,
            step: 2,
            models: vec![(
                "m".to_owned(),
                vec![(8, 6), (8, 8), (0, 0), (10, 9), (8, 2), (2, 2), (8, 0)],
            )],
        };
        let found = outages(&timeline);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].from, found[0].to), (2, 8));
        assert_eq!((found[0].calls, found[0].failed), (18, 17));
    }
}
