//! What the report rests on: gate, versions, hashes, seeds, prices.

use serde::Serialize;
use weighbridge_record::{InconclusiveAction, ModelEntry};

use super::client;
use crate::model::Report;
use crate::render::hit_costs;
use crate::render::number::{NONE, count, level, margin, millis, percent, usd, utc};
use crate::render::table::{Cell, Table, Tone};
use crate::render::words;

/// The appendix.
#[derive(Debug, Serialize)]
pub(super) struct View {
    methods: Vec<String>,
    gate: Table,
    facts: Table,
    client: Option<Table>,
    hit_costs: Option<Table>,
    fleet: Table,
    policies: Table,
}

/// Prepares the appendix.
pub(super) fn view(report: &Report) -> View {
    View {
        methods: report.methods.iter().map(|m| words::stopped(m)).collect(),
        gate: gate(report),
        facts: facts(report),
        client: client::table(report),
        hit_costs: hit_costs(report),
        fleet: fleet(report),
        policies: policies(report),
    }
}

pub(super) fn pairs(caption: &str, rows: Vec<(&str, String)>) -> Table {
    let mut table = Table::new(caption, &["What", "Value"]);
    for (what, value) in rows {
        table.push(vec![what.into(), value.into()]);
    }
    table
}

fn gate(report: &Report) -> Table {
    let gate = &report.gate;
    let listed = |names: &[String]| {
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let mut rows = vec![
        ("Version", gate.version.to_string()),
        (
            "Margin overall",
            format!("{} points", margin(gate.overall_margin)),
        ),
        (
            "Margin of a slice",
            format!("{} points", margin(gate.slice_margin)),
        ),
        ("Critical slices", listed(&gate.critical)),
        ("Exploratory slices", listed(&gate.exploratory)),
        ("False PASS, each claim", level(gate.alpha_pass)),
        ("False BLOCK, all slices together", level(gate.alpha_block)),
        ("Lowest coverage", percent(gate.coverage_floor)),
    ];
    if !gate.margins.is_empty() {
        let own = gate
            .margins
            .iter()
            .map(|(name, m)| format!("{name}: {}", margin(*m)));
        rows.push((
            "Margins of single slices, points",
            own.collect::<Vec<_>>().join(", "),
        ));
    }
    if let Some(slo) = gate.ttft_slo_ms {
        let rise = margin(gate.ttft_margin);
        rows.push((
            "Time to first token",
            format!(
                "{}; at most {rise} points more requests above it",
                millis(slo)
            ),
        ));
    }
    if let Some(errors) = gate.error_margin {
        rows.push((
            "Rise of the error rate",
            format!("{} points", margin(errors)),
        ));
    }
    if let Some(saving) = gate.min_saving {
        rows.push(("Promised saving", percent(saving)));
    }
    let action = match gate.on_inconclusive {
        InconclusiveAction::Fail => "fails",
        InconclusiveAction::Warn => "warns",
    };
    rows.push(("An inconclusive result", action.to_owned()));
    pairs("What must hold", rows)
}

fn facts(report: &Report) -> Table {
    let p = &report.provenance;
    let mut rows = vec![
        ("Program", format!("weighbridge {}", p.weighbridge)),
        ("Mode", words::mode(p.mode).to_owned()),
        ("Dataset", p.dataset.name.clone()),
        ("Samples", count(p.dataset.samples)),
        ("Dataset source", p.dataset.source.clone()),
        ("Dataset licence", p.dataset.licence.clone()),
        ("Dataset fingerprint", p.dataset.fingerprint.clone()),
        ("Experiment hash", p.experiment_hash.clone()),
        ("Gate policy version", report.gate.version.to_string()),
        ("Gate hash", p.gate_hash.clone()),
        ("Seed", p.seed.to_string()),
        ("Repeats", p.repeats.to_string()),
    ];
    if let Some(date) = &p.prices_as_of {
        rows.push(("Prices as of", date.clone()));
    }
    if let Some(ms) = p.started_unix_ms {
        rows.push(("Started", utc(ms)));
    }
    if let Some(host) = &p.host {
        rows.push((
            "Machine",
            format!("{}, {} processors", host.platform, host.processors),
        ));
    }
    rows.extend(
        p.notes
            .iter()
            .filter(|(name, _)| !client::is_shown(name) && !hit_costs::is_shown(name))
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    pairs("Where it comes from", rows)
}

/// What prefix hits cost in an embedded fleet; `None` where nothing was said.
fn hit_costs(report: &Report) -> Option<Table> {
    let rows = hit_costs::rows(report);
    let rows: Vec<_> = rows
        .iter()
        .map(|(what, said)| (what.as_str(), said.clone()))
        .collect();
    (!rows.is_empty()).then(|| pairs(hit_costs::TITLE, rows))
}

fn fleet(report: &Report) -> Table {
    let mut table = Table::new(
        "Fleet; US dollars per million tokens",
        &[
            "Model",
            "Dialect",
            "#Input",
            "#Output",
            "#Cache read",
            "#Cache write",
            "#Reasoning",
            "#Per call",
        ],
    );
    for ModelEntry {
        name,
        dialect,
        price,
    } in &report.provenance.fleet
    {
        let money = |x: Option<f64>| Cell::from(x.map_or_else(|| NONE.to_owned(), usd));
        table.push(vec![
            name.clone().into(),
            dialect.clone().into(),
            money(price.map(|p| p.input_per_mtok_usd)),
            money(price.map(|p| p.output_per_mtok_usd)),
            money(price.and_then(|p| p.cache_read_per_mtok_usd)),
            money(price.and_then(|p| p.cache_write_per_mtok_usd)),
            money(price.and_then(|p| p.reasoning_per_mtok_usd)),
            money(price.and_then(|p| p.per_call_usd)),
        ]);
    }
    table
}

fn policies(report: &Report) -> Table {
    let mut table = Table::new(
        "Policies as sealed",
        &["Policy", "Kind", "Role", "Hash", "Notes"],
    );
    for policy in &report.provenance.policies {
        table.push(vec![
            policy.name.clone().into(),
            policy.kind.clone().into(),
            Cell::toned(words::role(policy.role), Tone::Mute),
            policy.hash.clone().into(),
            policy.notes.join("; ").into(),
        ]);
    }
    table
}
