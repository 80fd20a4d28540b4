//! The measuring client measured, as a user does it.

use std::process::{Command, Output};

use crate::support::{code, talk, weighbridge};

fn bench(mut command: Command) -> Output {
    command
        .args([
            "bench",
            "--self",
            "--json",
            "--rounds",
            "2",
            "--answers",
            "48",
        ])
        .args(["--streams", "3,8"])
        .output()
        .unwrap()
}

/// Every figure is there, from a run whose answers were all right; no number is held against a limit,
/// for a test does not know the machine.
fn complete(output: &Output) {
    assert_eq!(code(output), 0, "{}", talk(output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["rounds"], 2);
    let figures = report["figures"].as_array().unwrap();
    let name = |f: &serde_json::Value| {
        (
            f["name"].as_str().unwrap().to_owned(),
            f["streams"].as_u64(),
        )
    };
    let names: Vec<_> = figures.iter().map(name).collect();
    for wanted in [
        "cpu_per_1000_answers",
        "answers_per_second",
        "peak_resident_memory",
    ] {
        for streams in [3, 8] {
            assert!(
                names.contains(&(wanted.to_owned(), Some(streams))),
                "{names:?}"
            );
        }
    }
    for (wanted, streams) in [
        ("start_up", 1),
        ("ttft_error_p50", 20),
        ("ttft_error_p99", 20),
    ] {
        assert!(
            names.contains(&(wanted.to_owned(), Some(streams))),
            "{names:?}"
        );
    }
    for wanted in [
        "arrivals_due",
        "arrivals_sent",
        "arrivals_at_the_server",
        "arrival_cv_due",
        "arrival_cv_sent",
        "arrival_cv_at_the_server",
        "ttft_error_p50",
        "ttft_error_p99",
    ] {
        for rate in [200, 1000] {
            let is_it = |f: &&serde_json::Value| f["name"] == wanted && f["rate_per_s"] == rate;
            assert_eq!(
                figures.iter().filter(is_it).count(),
                1,
                "{wanted} at {rate}/s"
            );
        }
    }
    for figure in figures {
        let number = |key: &str| figure[key].as_f64().unwrap();
        assert_eq!(figure["values"].as_array().unwrap().len(), 2, "{figure}");
        assert!(number("min") <= number("median") && number("median") <= number("max"));
        // A client cannot see a token before the server had it.
        assert!(
            number("median") > 0.0 || figure["name"] == "memory_per_stream",
            "{figure}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn bench_self_measures_the_whole_path_against_a_null_backend() {
    complete(&bench(weighbridge()));
}

/// Failure 10: nothing but the target is asked for, and nothing is looked for in the environment.
#[test]
#[cfg(target_os = "linux")]
fn failure_10_measuring_needs_no_network_no_tokenizer_and_no_home() {
    let alone = |program: &str| {
        let mut command = Command::new("unshare");
        let script = "ip link set lo up && exec \"$@\"";
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.args([
            "--map-root-user",
            "--net",
            "sh",
            "-c",
            script,
            "sh",
            program,
        ]);
        command
    };
    let can = alone("true").output().is_ok_and(|o| o.status.success());
    let mut command = match can {
        true => alone(env!("CARGO_BIN_EXE_weighbridge")),
        false => {
            println!("without a network of its own: `unshare` or `ip` is not there");
            weighbridge()
        }
    };
    command.env_clear();
    if can {
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    }
    complete(&bench(command));
}

#[test]
fn bench_without_an_object_says_what_there_is() {
    let output = weighbridge().arg("bench").output().unwrap();
    assert_eq!(code(&output), 3);
    assert!(talk(&output).contains("bench --self"), "{}", talk(&output));
    let zero = weighbridge()
        .args(["bench", "--self", "--rounds", "0"])
        .output();
    assert_eq!(code(&zero.unwrap()), 3);
    let tokens = weighbridge()
        .args(["mock", "--null", "--tokens", "0"])
        .output();
    assert_eq!(code(&tokens.unwrap()), 3);
}
