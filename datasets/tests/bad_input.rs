//! Files that are broken in one place: the error names file and line, and says what to do.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use std::path::Path;

use tempfile::TempDir;
use weighbridge_datasets::DataError;
use weighbridge_datasets::import::{Format, Imported, import, llmrouter};

/// A directory with these files.
fn dir(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn fails(format: Format, files: &[(&str, &str)]) -> DataError {
    let dir = dir(files);
    import(format, dir.path()).expect_err("broken input must not be imported")
}

#[track_caller]
fn expect(error: &DataError, place: &str, what: &str) {
    let text = error.to_string();
    assert!(text.contains(place), "`{place}` is not in: {text}");
    assert!(text.contains(what), "`{what}` is not in: {text}");
    let hint = error.hint().unwrap_or_default();
    assert!(!hint.is_empty(), "no hint: {text}");
}

const NONE: (&str, &str) = ("mmlu/contaminated_prompts.jsonl", "");

fn mmlu(csv: &str) -> DataError {
    fails(
        Format::RouteLlmMmlu,
        &[NONE, ("mmlu/responses/mmlu_a.csv", csv)],
    )
}

#[test]
fn empty_directories_are_refused_by_every_format() {
    for format in Format::ALL {
        let error = fails(format, &[]);
        assert!(error.hint().is_some(), "{format}: {error}");
    }
}

#[test]
fn a_directory_that_does_not_exist_is_refused_by_every_format() {
    for format in Format::ALL {
        let error = import(format, Path::new("/nonexistent/data")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/data"), "{error}");
        assert!(error.hint().is_some(), "{format}: {error}");
    }
}

#[test]
fn missing_columns_are_named() {
    let error = mmlu("question,m\nq,True\n");
    expect(&error, "mmlu_a.csv:1:", "missing column `prompt`");
    let error = mmlu("prompt\nq\n");
    expect(&error, "mmlu_a.csv:1:", "missing column `<model>`");
    let error = fails(
        Format::RouteLlmGsm8k,
        &[
            ("gsm8k/contaminated_prompts.jsonl", ""),
            ("gsm8k/gsm8k_responses.csv", "prompt,m\nq,True\n"),
        ],
    );
    expect(
        &error,
        "gsm8k_responses.csv:1:",
        "missing column `m_response`",
    );
    let table = "sample_id,prompt,eval_name,m|total_cost\n1,q,t,0\n";
    let error = fails(Format::RouterBench, &[("a.csv", table)]);
    expect(&error, "a.csv:1:", "missing column `m`");
}

#[test]
fn a_cell_that_is_not_boolean_is_named() {
    let error = mmlu("prompt,m\n\"two\nlines\",True\nq,maybe\n");
    expect(&error, "mmlu_a.csv:4:", "`maybe` in column `m`");
}

#[test]
fn a_model_that_other_files_lack_is_unknown() {
    let files = [
        NONE,
        ("mmlu/responses/mmlu_a.csv", "prompt,m,n\nq,True,False\n"),
        ("mmlu/responses/mmlu_b.csv", "prompt,m,o\nq,True,False\n"),
    ];
    let error = fails(Format::RouteLlmMmlu, &files);
    expect(&error, "mmlu_b.csv:1:", "unknown model `o`");
}

#[test]
fn a_truncated_list_of_contaminated_prompts_is_named() {
    let lines = "{\"eval_prompt\": \"a\"}\n{\"eval_pro";
    let error = fails(
        Format::RouteLlmMmlu,
        &[("mmlu/contaminated_prompts.jsonl", lines)],
    );
    expect(&error, "contaminated_prompts.jsonl:2:", "invalid JSON");
}

const LIST: &str = r#"{"m": {"input_price": 1, "output_price": 2}}"#;
const QUERY: &str =
    r#"{"task_name": "t", "query": "q", "ground_truth": "A", "metric": "F1", "choices": null}"#;

fn llmrouter(queries: &str, scores: &str) -> DataError {
    fails(
        Format::LlmRouter,
        &[
            ("default_llm.json", LIST),
            ("query_data/default_query_train.jsonl", queries),
            ("query_data/default_query_test.jsonl", ""),
            ("dcrouter_preprocessed/train.json", scores),
            ("dcrouter_preprocessed/test.json", "[]"),
        ],
    )
}

#[test]
fn llmrouter_names_the_line_of_a_broken_row() {
    let error = llmrouter(QUERY, "[\n{\"question\": \"q\", \"scores\": {\"x\": 1.0}}]");
    expect(&error, "train.json:2:", "unknown model `x`");
    let error = llmrouter(
        QUERY,
        "[\n\n{\"question\": \"q\", \"scores\": {\"m\": 1.5}}]",
    );
    expect(&error, "train.json:3:", "score 1.5 of `m`");
    let error = llmrouter(QUERY, "[{\"question\": \"other\", \"scores\": {\"m\": 1}}]");
    expect(&error, "train.json:1:", "without an entry");
    let error = llmrouter(&QUERY[..40], "[]");
    expect(&error, "default_query_train.jsonl:1:", "invalid JSON");
    let choice = QUERY.replace("F1", "em_mc");
    let error = llmrouter(&choice, "[]");
    expect(&error, "default_query_train.jsonl:1:", "without choices");
}

#[test]
fn nan_is_no_score() {
    let error = llmrouter(QUERY, "[\n{\"question\": \"q\", \"scores\": {\"m\": NaN}}]");
    expect(&error, "train.json:2:", "invalid JSON");
    assert!(error.hint().unwrap().contains("no NaN"), "{error:?}");
    let table = "sample_id,prompt,eval_name,m,m|total_cost\n1,q,t,nan,0\n";
    let error = fails(Format::RouterBench, &[("a.csv", table)]);
    expect(&error, "a.csv:2:", "score NaN in column `m`");
    let ours = [
        (
            "samples.jsonl",
            "{\"id\":\"a\",\"prompt\":\"q\",\"target\":{\"kind\":\"recorded\"}}",
        ),
        (
            "outcomes.jsonl",
            "\n{\"sample\":\"a\",\"model\":\"m\",\"score\":{\"value\":7}}",
        ),
    ];
    let error = fails(Format::Jsonl, &ours);
    expect(&error, "outcomes.jsonl:2:", "score 7 is outside [0, 1]");
}

#[test]
fn prices_must_be_prices() {
    let files = [
        ("dcrouter_preprocessed/train.json", "[]"),
        (
            "default_llm.json",
            "{\n\"m\": {\"input_price\": 1, \"output_price\": -2}}",
        ),
    ];
    let broken = dir(&files);
    let error = llmrouter::prices(broken.path()).unwrap_err();
    expect(&error, "default_llm.json", "price of `m`");
    let files = [
        files[0],
        ("default_llm.json", "{\n\"m\": {\"input_price\": 1}}"),
    ];
    let broken = dir(&files);
    let error = llmrouter::prices(broken.path()).unwrap_err();
    expect(&error, "default_llm.json:2:", "output_price");
}

#[test]
fn routerbench_numbers_must_be_numbers_and_ids_unique() {
    let head = "sample_id,prompt,eval_name,m,m|total_cost\n";
    let bad = |rows: &str| fails(Format::RouterBench, &[("a.csv", &format!("{head}{rows}"))]);
    expect(
        &bad("1,q,t,1,0\n2,q,t,good,0\n"),
        "a.csv:3:",
        "`good` of `m`",
    );
    expect(&bad("1,q,t,1,-1\n"), "a.csv:2:", "cost -1");
    expect(&bad("1,q,t,1\n"), "a.csv:2:", "invalid CSV");
    expect(
        &bad("1,q,t,1,0\n1,q,t,1,0\n"),
        ":2:",
        "duplicate sample id `1`",
    );
}

#[test]
fn routerarena_refuses_mixed_prompt_sets_and_impossible_values() {
    let row = |prompt: &str, accuracy: &str| {
        format!(
            "{{\"global index\": \"A_1\", \"prompt\": \"{prompt}\", \"prediction\": \"m\", \"accuracy\": {accuracy}}}"
        )
    };
    let two = format!("[\n{},\n{}]", row("q", "1"), row("other", "1"));
    let error = fails(Format::RouterArena, &[("r.json", &two)]);
    expect(&error, "r.json:3:", "prompt of `A_1` differs");
    let high = format!("[{}]", row("q", "100"));
    let error = fails(Format::RouterArena, &[("r.json", &high)]);
    expect(&error, "r.json:1:", "accuracy 100");
    let error = fails(Format::RouterArena, &[("r.json", &two[..two.len() / 2])]);
    expect(&error, "r.json:", "invalid JSON");
    assert!(error.hint().unwrap().contains("too early"), "{error:?}");
}

#[test]
fn llmrouterbench_names_the_line_of_a_broken_record() {
    let file =
        "{\"records\": [\n{\"index\": 1, \"origin_query\": \"q\", \"score\": 1},\n{\"index\": 2}]}";
    let error = fails(Format::LlmRouterBench, &[("d/s/m/1.json", file)]);
    expect(&error, "1.json:3:", "missing field `origin_query`");
    let high = file.replace(
        "{\"index\": 2}",
        "{\"index\": 2, \"origin_query\": \"q\", \"score\": 3}",
    );
    let error = fails(Format::LlmRouterBench, &[("d/s/m/1.json", &high)]);
    expect(&error, "1.json:3:", "score 3");
    let error = fails(Format::LlmRouterBench, &[("d/s/m/readme.txt", "")]);
    expect(&error, "d/s/m", "no samples found");
}

#[test]
fn mtbench_refuses_ratings_that_are_none() {
    let question = r#"{"question_id": 1, "category": "c", "turns": ["one", "two"]}"#;
    let bad = |judgement: &str| {
        fails(
            Format::RouteLlmMtBench,
            &[
                ("mt_bench/contaminated_prompts.jsonl", ""),
                ("mt_bench/question.jsonl", question),
                ("mt_bench/judgements.jsonl", judgement),
            ],
        )
    };
    let judged = |id: u32, score: f64, turn: u32| {
        format!(
            "\n{{\"question_id\": {id}, \"model\": \"m\", \"score\": {score}, \"turn\": {turn}}}"
        )
    };
    expect(&bad(&judged(1, 0.0, 1)), "judgements.jsonl:2:", "rating 0");
    expect(
        &bad(&judged(1, 11.0, 1)),
        "judgements.jsonl:2:",
        "rating 11",
    );
    expect(&bad(&judged(1, 5.0, 3)), "judgements.jsonl:2:", "turn 3");
    expect(
        &bad(&judged(9, 5.0, 1)),
        "judgements.jsonl:2:",
        "unknown question 9",
    );
}

#[test]
fn a_prompt_of_ten_megabytes_is_imported() {
    let prompt = "long ".repeat(2 << 20);
    let csv = format!("prompt,m\n\"{prompt}\",True\n");
    let files = [NONE, ("mmlu/responses/mmlu_a.csv", csv.as_str())];
    let imported = |dir: &TempDir, format| -> Imported { import(format, dir.path()).unwrap() };
    let pair = imported(&dir(&files), Format::RouteLlmMmlu);
    assert_eq!(pair.dataset.samples()[0].prompt().len(), 10 << 20);

    let row = format!(
        "[{{\"global index\": \"A_1\", \"prompt\": \"{prompt}\", \"prediction\": \"m\", \"accuracy\": 1}}]"
    );
    let arena = imported(&dir(&[("r.json", &row)]), Format::RouterArena);
    assert_eq!(arena.dataset.samples()[0].prompt().len(), 10 << 20);
}
