//! The table: which backend is asked how, and what its wire does not have.

use serde_json::{Value, json};
use weighbridge_engine::Dialect;
use weighbridge_mock::ChoiceReport;

use crate::feature::Feature::{
    self, Breakpoints, CacheOff, CacheRead, CacheWrite, Chosen, Counters, Flush, Limits, Logprobs,
    ThoughtTokens, Thoughts, Tool, Usage,
};
use crate::row::{Group, Row};

type Absent = &'static [(Feature, &'static str)];

const NO_GATEWAY: Absent = &[(Chosen, "it is no gateway")];
const MANAGED: Absent = &[
    (Flush, "a managed cache cannot be emptied"),
    (Counters, "a managed service shows no counters"),
];
const SELF_HOSTED: Absent = &[(Limits, "a server of one's own sets no limits")];
const NO_MARKS: (Feature, &str) = (Breakpoints, "requests have no breakpoints");
const NO_WRITES: (Feature, &str) = (CacheWrite, "writes are not counted");
const NO_OFF: (Feature, &str) = (CacheOff, "requests cannot go without the cache");
const NO_LIMITS: (Feature, &str) = (Limits, "no headers that are documented");
const HIDDEN: (Feature, &str) = (Thoughts, "thoughts are counted, never shown");

fn openai_tool() -> Value {
    let function = json!({"name": "answer", "parameters": {"type": "object"}});
    json!({"tools": [{"type": "function", "function": function}], "tool_choice": "required"})
}

fn chat(name: &'static str, dialect: Dialect, base: &'static str) -> Row {
    Row {
        name,
        group: Group::Managed,
        dialect,
        base,
        think: json!({"reasoning_effort": "low"}),
        tool: openai_tool(),
        report: None,
        absent: Vec::new(),
    }
}

fn absent(mut row: Row, lists: &[Absent]) -> Row {
    row.absent = lists.concat();
    row
}

/// All rows, in the order of the matrix.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = managed();
    rows.extend(open_model_hosts());
    rows.extend(self_hosted());
    rows.extend(gateways());
    rows
}

fn managed() -> Vec<Row> {
    let tools = json!([{"type": "function", "name": "answer"}]);
    let common: &[Absent] = &[NO_GATEWAY, MANAGED];
    let with = |own: Absent| [common, &[own]].concat();
    let gemini: Absent = &[NO_WRITES, NO_OFF, NO_LIMITS, NO_MARKS];
    let gemini_row = |name, dialect, base| Row {
        think: json!({"generationConfig": {"thinkingConfig": {"includeThoughts": true}}}),
        tool: json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
        ..chat(name, dialect, base)
    };
    vec![
        absent(
            chat("OpenAI Chat Completions", Dialect::Openai, "/v1"),
            &with(&[HIDDEN]),
        ),
        absent(
            Row {
                think: json!({"reasoning": {"effort": "low"}}),
                tool: json!({"tools": tools, "tool_choice": "required"}),
                ..chat("OpenAI Responses", Dialect::OpenaiResponses, "/v1")
            },
            common,
        ),
        absent(
            chat("Azure OpenAI", Dialect::Azure, "/openai/deployments/d"),
            &with(&[HIDDEN, NO_WRITES, NO_OFF, NO_MARKS]),
        ),
        absent(
            Row {
                think: json!({"thinking": {"type": "adaptive"}}),
                tool: json!({"tools": tools, "tool_choice": {"type": "any"}}),
                ..chat("Anthropic Messages", Dialect::Anthropic, "/v1")
            },
            &with(&[(Logprobs, "the wire has none")]),
        ),
        absent(
            gemini_row("Gemini API", Dialect::Gemini, "/v1beta"),
            &with(gemini),
        ),
        absent(
            gemini_row(
                "Vertex AI",
                Dialect::Vertex,
                "/v1beta1/projects/p/locations/l",
            ),
            &with(gemini),
        ),
    ]
}

fn open_model_hosts() -> Vec<Row> {
    let common: &[Absent] = &[NO_GATEWAY, MANAGED];
    let with = |own: Absent| [common, &[own]].concat();
    vec![
        absent(
            Row {
                think: json!({"reasoning": {"enabled": true}}),
                ..chat("Together AI", Dialect::Together, "/v1")
            },
            &with(&[
                (CacheRead, "cached tokens are not told"),
                NO_WRITES,
                NO_OFF,
                NO_MARKS,
            ]),
        ),
        absent(
            chat("Fireworks AI", Dialect::Fireworks, "/inference/v1"),
            &with(&[NO_WRITES, NO_LIMITS, NO_MARKS]),
        ),
        absent(
            chat("Groq", Dialect::Groq, "/openai/v1"),
            &with(&[
                (Logprobs, "no model of it has any"),
                NO_WRITES,
                NO_OFF,
                NO_MARKS,
            ]),
        ),
        absent(
            Row {
                think: json!({"thinking": {"type": "enabled"}}),
                ..chat("DeepSeek", Dialect::Deepseek, "")
            },
            &with(&[NO_WRITES, NO_LIMITS, NO_MARKS]),
        ),
        absent(
            chat("Mistral", Dialect::Mistral, "/v1"),
            &with(&[
                (Logprobs, "the wire has none"),
                NO_WRITES,
                NO_OFF,
                NO_LIMITS,
                NO_MARKS,
            ]),
        ),
        absent(
            Row {
                think: json!({"reasoning": {"effort": "low"}}),
                ..chat("OpenRouter", Dialect::Openrouter, "/api/v1")
            },
            &with(&[NO_OFF, NO_LIMITS]),
        ),
    ]
}

fn self_hosted() -> Vec<Row> {
    let common: &[Absent] = &[NO_GATEWAY, SELF_HOSTED];
    let with = |own: Absent| [common, &[own]].concat();
    let template = json!({"chat_template_kwargs": {"enable_thinking": true}});
    let row = |name, dialect, think| Row {
        group: Group::SelfHosted,
        think,
        ..chat(name, dialect, "/v1")
    };
    let no_flush = (Flush, "no address empties the cache");
    let no_thoughts = (Thoughts, "thoughts are not told apart");
    let no_thought_tokens = (ThoughtTokens, "thoughts are not counted apart");
    let never_cached = (CacheRead, "cached tokens are not told");
    let tgi = [
        never_cached,
        NO_WRITES,
        NO_OFF,
        NO_MARKS,
        no_flush,
        no_thoughts,
        no_thought_tokens,
    ];
    let mut rows = vec![
        absent(
            row("vLLM", Dialect::Vllm, template.clone()),
            &with(&[NO_MARKS]),
        ),
        absent(
            row(
                "SGLang",
                Dialect::Sglang,
                json!({"separate_reasoning": true}),
            ),
            &with(&[NO_WRITES, NO_MARKS]),
        ),
        absent(
            row(
                "TensorRT-LLM",
                Dialect::Trtllm,
                json!({"reasoning_effort": "low"}),
            ),
            &with(&[NO_WRITES, NO_MARKS, (Flush, "no address empties the cache")]),
        ),
        absent(
            row("llama.cpp", Dialect::LlamaCpp, template),
            &with(&[NO_WRITES, NO_MARKS]),
        ),
    ];
    let mut native = absent(
        Row {
            base: "/tiers/medium",
            ..row("TGI `/generate`", Dialect::Tgi, Value::Null)
        },
        common,
    );
    native.absent.extend(tgi);
    native
        .absent
        .push((Tool, "tools exist on its chat route only"));
    let mut chat_route = absent(row("TGI chat", Dialect::TgiChat, Value::Null), common);
    chat_route.absent.extend(tgi);
    let mut ollama = absent(
        Row {
            base: "",
            tool: json!({"tools": [{"type": "function", "function": {"name": "answer"}}]}),
            ..row("Ollama", Dialect::Ollama, json!({"think": true}))
        },
        common,
    );
    ollama.absent.extend([
        never_cached,
        NO_WRITES,
        NO_OFF,
        NO_MARKS,
        no_flush,
        no_thought_tokens,
        (Counters, "it shows no counters"),
    ]);
    rows.extend([native, chat_route, ollama]);
    rows
}

fn gateways() -> Vec<Row> {
    let none: Absent = &[
        (Flush, "the cache is behind the gateway"),
        (Counters, "the counters are behind the gateway"),
        (CacheOff, "the gateway decides who answers"),
        NO_LIMITS,
    ];
    let row = |name, dialect, report| Row {
        group: Group::Gateway,
        report: Some(report),
        ..chat(name, dialect, "/v1")
    };
    let unmarked: Absent = &[
        NO_MARKS,
        (CacheWrite, "needs a breakpoint, which it does not hand on"),
    ];
    vec![
        absent(
            row("LiteLLM proxy", Dialect::Litellm, ChoiceReport::Litellm),
            &[none],
        ),
        absent(
            row(
                "vLLM semantic-router",
                Dialect::SemanticRouter,
                ChoiceReport::SemanticRouter,
            ),
            &[none, unmarked],
        ),
        absent(
            row("RouteLLM server", Dialect::Routellm, ChoiceReport::Body),
            &[
                none,
                unmarked,
                &[
                    (Usage, "its requests cannot ask a stream for counts"),
                    (CacheRead, "cached tokens are not told"),
                    (Thoughts, "thoughts are not told apart"),
                    (ThoughtTokens, "thoughts are not counted apart"),
                ],
            ],
        ),
        absent(
            Row {
                base: "/api/v1",
                think: json!({"reasoning": {"effort": "low"}}),
                ..row("OpenRouter auto", Dialect::Openrouter, ChoiceReport::Body)
            },
            &[none],
        ),
        absent(
            row("Envoy AI Gateway", Dialect::EnvoyAi, ChoiceReport::Envoy),
            &[none, unmarked],
        ),
        absent(
            row("Portkey", Dialect::Portkey, ChoiceReport::Portkey),
            &[none, unmarked],
        ),
    ]
}
