//! Each policy on its own, in one table.

use crate::model::{PolicySummary, Report};
use crate::render::headline::bracketed;
use crate::render::number::{NONE, count, fixed, percent, points, usd};
use crate::render::table::{Cell, Table, Tone};
use crate::render::words;

/// The table of policies, in the order of the experiment.
pub(super) fn table(report: &Report) -> Table {
    let mut table = Table::new(
        "Policies",
        &[
            "Policy",
            "Role",
            "#Quality, points",
            "#Cost per 1,000",
            "#Per success",
            "#Calls per request",
            "Answered by",
            "#Entropy, bits",
            "#Served from cache",
            "#Failed",
        ],
    );
    for policy in &report.policies {
        table.push(row(policy));
    }
    table
}

fn row(policy: &PolicySummary) -> Vec<Cell> {
    let cached = if policy.served_share > 0.0 {
        percent(policy.served_share)
    } else {
        NONE.to_owned()
    };
    vec![
        policy.name.clone().into(),
        Cell::toned(words::role(policy.role), Tone::Mute),
        bracketed(&policy.quality, points).into(),
        usd(policy.cost_per_1k_usd).into(),
        policy
            .cost_per_success_usd
            .map_or_else(|| NONE.to_owned(), usd)
            .into(),
        fixed(policy.calls_per_request, 2).into(),
        answered_by(policy).into(),
        fixed(policy.entropy_bits, 2).into(),
        cached.into(),
        count(policy.failed).into(),
    ]
}

/// The three models with most answers, then how many more.
fn answered_by(policy: &PolicySummary) -> String {
    let mut models: Vec<_> = policy.models.iter().collect();
    models.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then_with(|| a.model.cmp(&b.model))
    });
    let mut parts: Vec<String> = models
        .iter()
        .take(3)
        .map(|m| format!("{} {}", m.model, percent(m.share)))
        .collect();
    if models.len() > 3 {
        parts.push(format!("{} more", models.len() - 3));
    }
    parts.join(", ")
}

/// What does not fit the first table: caches and what the reader must know.
pub(super) fn more(report: &Report) -> Table {
    let mut table = Table::new(
        "Caches and notes",
        &[
            "Policy",
            "Kind",
            "#Prompt-cache reads",
            "#Quality of served answers",
            "Notes",
        ],
    );
    for policy in &report.policies {
        let served = policy.served_quality.as_ref();
        table.push(vec![
            policy.name.clone().into(),
            Cell::toned(policy.kind.clone(), Tone::Mute),
            policy
                .prompt_cache_hit_rate
                .map_or_else(|| NONE.to_owned(), percent)
                .into(),
            served
                .map_or_else(|| NONE.to_owned(), |q| bracketed(q, points))
                .into(),
            policy.notes.join("; ").into(),
        ]);
    }
    table
}
