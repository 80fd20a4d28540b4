//! One measurement: the live executor at full speed, its log on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weighbridge_datasets::{Sample, Target};
use weighbridge_engine::executor::Stop;
use weighbridge_engine::{
    Backend, Dialect, HttpBackend, HttpConfig, Live, NamedPolicy, PriceBook, Settings, processor_s,
};
use weighbridge_mock::null::LAST_WORD;
use weighbridge_policies::kinds::always;
use weighbridge_policies::{BuildContext, Fleet, ModelInfo, PolicyConfig};
use weighbridge_record::{Mode, Price, RunHeader, RunReader, RunWriter, SampleLine, Trial};

use super::{truth, usage};
use crate::args::CellArgs;
use crate::failure::Failure;
use crate::live::record::{self, Log};
use crate::progress::Progress;

const MODEL: &str = "null";

/// What one measurement found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Streams open at once.
    pub(crate) streams: usize,
    /// Answers that came.
    pub(crate) answers: usize,
    /// Answers that failed, were cut, or were scored or counted wrong. 0, or nothing else counts.
    pub(crate) wrong: usize,
    /// From the first request to the last line of the log.
    pub(crate) wall_s: f64,
    /// Processor time of all threads in that time.
    pub(crate) cpu_s: Option<f64>,
    /// Resident memory before the first request.
    pub(crate) base_rss_bytes: Option<u64>,
    /// Largest resident memory.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// Reported minus true time to the first token, in milliseconds, sorted, without the first answers,
    /// which open the connections; empty unless asked for.
    pub(crate) ttft_error_ms: Vec<f64>,
}

/// Measures.
pub(crate) fn measure(args: &CellArgs) -> Result<Cell, Failure> {
    check(args)?;
    let folder = Scratch::new()?;
    let runtime = crate::live::runtime()?;
    let samples = samples(args.streams);
    let repeats = args.answers.div_ceil(args.streams) as u32;
    let settings = Settings {
        repeats,
        concurrency: args.streams,
        ..Settings::default()
    };
    let live = live(&args.url, &samples, settings)?;
    let lines: Vec<_> = samples.iter().map(SampleLine::of).collect();
    let (writer, _) = RunWriter::resume(&folder.0, &header(repeats), &lines)?;
    let (handle, stop) = Stop::pair();
    let log = Log {
        writer,
        handle: Arc::new(handle),
        progress: Progress::new((args.streams * repeats as usize) as u64, 0),
        judge: None,
    };
    let base_rss_bytes = usage::memory("VmRSS");
    let (start, cpu) = (std::time::Instant::now(), processor_s());
    let (_, written) = runtime.block_on(record::run(live, stop, log));
    let wall_s = start.elapsed().as_secs_f64();
    let cpu_s = processor_s().zip(cpu).map(|(now, then)| now - then);
    let peak_rss_bytes = usage::memory("VmHWM");
    written?;
    let mut cell = Cell {
        streams: args.streams,
        answers: 0,
        wrong: 0,
        wall_s,
        cpu_s,
        base_rss_bytes,
        peak_rss_bytes,
        ttft_error_ms: Vec::new(),
    };
    cell.read(&folder.0, args)?;
    Ok(cell)
}

fn check(args: &CellArgs) -> Result<(), Failure> {
    if args.streams == 0 || args.answers == 0 {
        return Err(Failure::config(
            "--streams and --answers must be at least 1",
        ));
    }
    // Each stream is a socket; a few files more are open.
    let most = usage::raise_open_files();
    match most.filter(|most| *most < args.streams as u64 + 64) {
        None => Ok(()),
        Some(most) => Err(Failure::invalid(format!(
            "{} streams need as many open files; this system allows {most}",
            args.streams
        ))
        .with_hint("raise the hard limit (`ulimit -Hn`)")),
    }
}

impl Cell {
    /// Reads the log back: what was kept is what counts.
    fn read(&mut self, dir: &Path, args: &CellArgs) -> Result<(), Failure> {
        let truth = match args.truth {
            true => truth::records(&args.url)?,
            false => BTreeMap::new(),
        };
        let mut reader = RunReader::open(dir)?;
        while let Some(at) = reader.next_trial()? {
            self.answers += 1;
            let attempt = at.trial.attempts.first();
            self.wrong += usize::from(!is_right(&at.trial));
            let seen = attempt.and_then(|a| a.first_token_ms.zip(a.request_id.as_ref()));
            // The first answer of each stream opens its connection, which the server does not see.
            if let Some((reported, id)) = seen
                && at.trial.repeat > 0
                && let Some(record) = truth.get(id)
            {
                self.ttft_error_ms.push(reported - record.ttft_ms());
            }
        }
        self.ttft_error_ms.sort_by(f64::total_cmp);
        Ok(())
    }
}

/// Whether an answer came whole and was counted right.
pub(super) fn is_right(trial: &Trial) -> bool {
    let attempt = trial.attempts.first();
    trial.score.counted() == Some(1.0)
        && attempt.is_some_and(|a| a.chunks.map(u64::from) == a.usage.total_output())
}

/// Prompts of about 128 tokens.
pub(super) fn samples(n: usize) -> Arc<[Sample]> {
    let filler = "Some words that make the prompt as long as prompts are. ".repeat(11);
    let target = || Target::Contains {
        answer: LAST_WORD.to_owned(),
    };
    let sample = |i| Sample::of_prompt(format!("s{i}"), format!("{i}. {filler}"), target());
    (0..n).map(sample).collect()
}

/// A run over the null backend at an address.
pub(super) fn live(
    url: &str,
    samples: &Arc<[Sample]>,
    settings: Settings,
) -> Result<Live, Failure> {
    let model: Arc<str> = MODEL.into();
    let base = format!("{}/v1", url.trim_end_matches('/'));
    let backend = HttpBackend::new(HttpConfig::new(base, MODEL, Dialect::Openai))
        .map_err(|e| Failure::config(format!("--url {url}: {e}")))?;
    let backends = BTreeMap::from([(Arc::clone(&model), Arc::new(backend) as Arc<dyn Backend>)]);
    let mut prices = PriceBook::default();
    prices.models.insert(
        MODEL.to_owned(),
        Price {
            input_per_mtok_usd: 1.0,
            output_per_mtok_usd: 2.0,
            ..Price::default()
        },
    );
    Ok(Live {
        samples: Arc::clone(samples),
        policies: vec![policy()?],
        backends,
        prices,
        settings,
        done: BTreeSet::new(),
    })
}

fn policy() -> Result<NamedPolicy, Failure> {
    let config = PolicyConfig::Always(always::Config {
        model: MODEL.to_owned(),
    });
    let fleet = Fleet::new(vec![ModelInfo {
        name: MODEL.into(),
        input_per_mtok_usd: 1.0,
        output_per_mtok_usd: 2.0,
        capabilities: BTreeSet::new(),
        context_tokens: None,
    }]);
    let policy = config.build(&BuildContext {
        name: "always",
        seed: 0,
        fleet: &fleet,
        samples: &[],
        fit: None,
        earlier: &BTreeMap::new(),
        folder: Path::new("."),
    });
    let policy = policy.map_err(|e| Failure::invalid(e.to_string()))?;
    Ok(("always".into(), policy))
}

pub(super) fn header(repeats: u32) -> RunHeader {
    RunHeader {
        repeats,
        ..RunHeader::new("bench", Mode::Live)
    }
}

/// A folder under the system's temporary one that goes away again.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self, Failure> {
        let name = format!("weighbridge-bench-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Left by a killed process of the same number.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path)
            .map_err(|e| Failure::invalid(format!("cannot create {}: {e}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
