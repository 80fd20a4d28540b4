use super::*;
use crate::gpu::Gpu;
use crate::model::{Hit, Layout, Tier, hit_cost};
use crate::record::{
    CacheState, CopyTimes, Grid, Header, Host, Measured, Origin, SkipReason, Timing, Work,
};

fn measured(median_ns: f64, work: Work) -> Measured {
    let time = Timing {
        median_ns,
        p20_ns: median_ns,
        p80_ns: median_ns,
        p99_ns: median_ns,
        n: 20,
        noise_rel: 0.01,
    };
    Measured::new(time, work, CacheState::Cold)
}

fn onload(size: u64, count: u64, ns: f64, memory: &str) -> Record {
    let work = Work {
        bytes: Some((size * count) as f64),
        ..Work::default()
    };
    let mut m = measured(ns, work);
    // Host times differ from the device's: the former count.
    m.time.median_ns = ns * 0.5;
    m.copy = Some(CopyTimes {
        submit_ns: 1.0,
        device_ns: ns * 0.5,
        end_to_end_ns: ns,
    });
    let config = vec![
        ("method", "batched".into()),
        ("descriptor_bytes", size.into()),
        ("descriptors", count.into()),
        ("memory", memory.into()),
    ];
    Record::ours("G3", config, m.outcome())
}

/// Hash 2 ns a token, index 3 ns a block.
fn cpu() -> Log {
    let tokens = Work {
        tokens: Some(1000.0),
        ..Work::default()
    };
    let blocks = Work {
        blocks: Some(100.0),
        ..Work::default()
    };
    let chain = |block: u64| {
        vec![
            ("algorithm", "xxh3-64-two-level".into()),
            ("block", block.into()),
            ("tokens", 1000.into()),
        ]
    };
    let index = vec![("index", "radix".into()), ("hit_percent", 100.into())];
    Log {
        header: Header {
            schema: 1,
            writer: "test".to_owned(),
            seed: 1,
            grid: Grid::Quick,
            host: Host::detect(),
            gpu: Gpu::Skipped(SkipReason::NoDevice),
        },
        records: vec![
            Record::ours("C1", chain(64), measured(9999.0, tokens).outcome()),
            Record::ours("C1", chain(16), measured(2000.0, tokens).outcome()),
            Record::ours("C2", index, measured(300.0, blocks).outcome()),
        ],
    }
}

/// With a device of 100 TFLOP/s and 2 TB/s, and a link of 1 ms and 10 µs for 32 KiB.
fn gpu() -> Log {
    let mut log = cpu();
    let flops = Work {
        flops: Some(1e12),
        ..Work::default()
    };
    let bytes = Work {
        bytes: Some(2e12),
        ..Work::default()
    };
    let copy = vec![("what", "device_copy".into()), ("bytes", 1000.into())];
    log.records.extend([
        Record::ours(
            "G0",
            vec![("what", "mma_sync".into())],
            measured(1e7, flops).outcome(),
        ),
        Record::ours("G0", copy, measured(1e9, bytes).outcome()),
        onload(32 << 10, 100, 1e6 + 100.0 * 1e4, "pinned"),
        onload(32 << 10, 1000, 1e6 + 1000.0 * 1e4, "pinned"),
        onload(2 << 20, 100, 100.0 * 4e4, "pinned"),
        // The last one in the file, and of another kind of memory.
        onload(32 << 10, 5000, 1e12, "pageable"),
    ]);
    log
}

fn asked(hits_from: &str) -> Asked<'_> {
    Asked {
        shape: "llama3-8b",
        hits_from,
        method: None,
        layout: None,
        block: 16,
        tflops: None,
    }
}

#[test]
fn lookups_are_of_the_asked_block() {
    let found = lookup(&cpu(), 16).unwrap();
    assert!((found.hash_s_per_token - 2e-9).abs() < 1e-18);
    assert!((found.index_s_per_block - 3e-9).abs() < 1e-18);
    let lacking = lookup(&cpu(), 32).unwrap_err().to_string();
    assert!(
        lacking.contains("C1") && lacking.contains("32 tokens"),
        "{lacking}"
    );
}

#[test]
fn a_link_has_a_fixed_cost_and_a_price_a_descriptor() {
    let link = |bytes: f64| host_link(&gpu(), "batched", bytes).unwrap();
    let page = link(32_768.0);
    assert!((page.fixed_s - 1e-3).abs() < 1e-12);
    assert!(
        (page.bytes_per_s - 32_768.0 / 1e-5).abs() < 1.0,
        "pageable memory does not count"
    );
    // Half way between both sizes, half way between 10 and 40 µs.
    let between = f64::midpoint(32_768.0, 2_097_152.0);
    assert!((link(between).bytes_per_s - between / 25e-6).abs() < 1.0);
    // A smaller descriptor takes as long; a larger one keeps the rate.
    assert!((link(4096.0).bytes_per_s - 4096.0 / 1e-5).abs() < 1.0);
    assert!((link(8_388_608.0).bytes_per_s - 2_097_152.0 / 4e-5).abs() < 1.0);
    let lacking = host_link(&gpu(), "loop", 1.0).unwrap_err().to_string();
    assert!(
        lacking.contains("loop") && lacking.contains("batched"),
        "{lacking}"
    );
}

#[test]
fn without_a_gpu_the_device_is_a_preset_and_the_lookup_is_not() {
    let log = cpu();
    let path = hit_path(Some(&log), &asked("host-pcie5")).unwrap();
    assert_eq!(path.lookup_origin, Origin::Measured);
    assert_eq!(path.compute.origin, Origin::Preset);
    assert!(!path.is_measured());
    let said = break_even(&path, Some("r.jsonl"));
    assert!(said.lookup.contains("measured (r.jsonl)"), "{said:?}");
    assert!(
        said.fetch.contains("a preset") && said.compute.contains("a preset"),
        "{said:?}"
    );
}

#[test]
fn with_a_gpu_nothing_of_the_device_is_a_preset() {
    let log = gpu();
    let path = hit_path(Some(&log), &asked("host")).unwrap();
    assert!(path.is_measured());
    assert!((path.compute.flops - 1e14).abs() < 1e6);
    assert!((path.compute.memory_bytes_per_s - 2e12).abs() < 1.0);
    // 64 descriptors of 32 KiB a block.
    assert!((path.fetch_s_per_block() - 64.0 * 1e-5).abs() < 1e-12);
    let page_first = Asked {
        layout: Some(Layout::PageFirst),
        ..asked("host")
    };
    let path = hit_path(Some(&log), &page_first).unwrap();
    assert!((path.fetch_s_per_block() - 4e-5).abs() < 1e-12);
    for mixed in [
        asked("nvme"),
        Asked {
            tflops: Some(1.0),
            ..asked("host")
        },
    ] {
        let error = hit_path(Some(&log), &mixed).unwrap_err();
        assert!(matches!(error, CostError::Mixture { .. }), "{error}");
    }
}

#[test]
fn a_lacking_ceiling_is_named() {
    let mut log = gpu();
    log.records.retain(|r| r.bench != "G0");
    let error = hit_path(Some(&log), &asked("device"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("G0"), "{error}");
}

#[test]
fn keys_without_effect_are_refused() {
    let keys = Asked {
        method: Some("batched"),
        ..asked("host-pcie5")
    };
    assert_eq!(
        hit_path(None, &keys).unwrap_err(),
        CostError::NoEffect { key: "method" }
    );
    let error = hit_path(None, &asked("moon")).unwrap_err().to_string();
    assert!(
        error.contains("moon") && error.contains("host-pcie5"),
        "{error}"
    );
    assert!(hit_path(None, &asked("host")).is_err());
}

#[test]
fn the_sentence_of_the_issue() {
    let path = hit_path(None, &asked("host-pcie5")).unwrap();
    let said = break_even(&path, None);
    assert!(
        said.break_even.contains("over host-pcie5 it saves 200 ms")
            && said
                .break_even
                .contains("host-small-descriptors it saves 40.9 ms"),
        "{}",
        said.break_even
    );
    assert!(
        said.policy.starts_with("Every fetch pays"),
        "{}",
        said.policy
    );
    let slow = hit_path(None, &asked("ethernet-25g")).unwrap();
    assert!(
        break_even(&slow, None)
            .policy
            .contains("least_fetch_tokens")
    );
}

#[test]
fn a_link_slower_than_recomputing_never_pays_for_many_bytes_a_token() {
    let mut path = hit_path(None, &asked("ethernet-25g")).unwrap();
    path.tier = Some(Tier {
        bytes_per_s: 1e8,
        ..path.tier.clone().unwrap()
    });
    let said = break_even(&path, None);
    assert!(said.policy.contains("at every length"), "{}", said.policy);
    assert!(said.break_even.contains("loses"), "{}", said.break_even);
    // The same by the model itself.
    let hit = Hit {
        prefix: 131_072.0,
        suffix: 1024.0,
        copies: crate::model::Descriptors { count: 0, bytes: 0 },
        overlapped: false,
    };
    let tier = path.tier.as_ref().unwrap();
    let cost = hit_cost(&path.shape, &path.compute, tier, &path.lookup, &hit);
    assert!(cost.saved_s() < 0.0);
}
