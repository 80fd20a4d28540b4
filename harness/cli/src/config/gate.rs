//! The gate policy: read from a file of its own, checked against the slices it names.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use weighbridge_record::GatePolicy;

use super::error::{ConfigError, nearest};
use super::parse::Source;

/// What a gate policy may name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// Registered slices.
    pub(crate) slices: Vec<String>,
    /// Models, for slices of the candidate's own routes (`routed to MODEL`).
    pub(crate) models: Vec<String>,
}

impl Names {
    /// What the slices of a run are called.
    pub(crate) fn of_run(table: &weighbridge_reports::table::RunTable) -> Self {
        Self {
            slices: table
                .slices()
                .iter()
                .map(|(name, _)| name.to_owned())
                .collect(),
            models: table
                .header()
                .fleet
                .iter()
                .map(|m| m.name.clone())
                .collect(),
        }
    }

    fn has(&self, name: &str) -> bool {
        let routed = |model: &str| model == "nowhere" || self.models.iter().any(|m| m == model);
        name == "overall"
            || self.slices.iter().any(|s| s == name)
            || name.strip_prefix("routed to ").is_some_and(routed)
    }

    fn hint(&self, name: &str) -> String {
        const SHOWN: usize = 8;
        if let Some(near) = nearest(name, self.slices.iter().map(String::as_str)) {
            return format!("did you mean `{near}`?");
        }
        if self.slices.is_empty() {
            return "no slices are registered; add them under [slices]".to_owned();
        }
        let mut shown = self
            .slices
            .iter()
            .take(SHOWN)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        if self.slices.len() > SHOWN {
            shown += &format!(" and {} more", self.slices.len() - SHOWN);
        }
        format!("the slices are {shown}")
    }
}

/// A gate policy file with its text, for errors that are found later.
#[derive(Debug)]
pub(crate) struct GateFile {
    path: PathBuf,
    text: String,
    policy: GatePolicy,
}

impl GateFile {
    /// Reads a policy and checks its values.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError::file(path, format!("cannot read the gate policy: {e}")))?;
        let policy: GatePolicy =
            toml::from_str(&text).map_err(|e| ConfigError::toml(path, &text, &e))?;
        check_values(Source { path, text: &text }, None, &policy)?;
        Ok(Self {
            path: path.to_owned(),
            text,
            policy,
        })
    }

    /// Refuses names of slices that do not exist.
    pub(crate) fn check_names(&self, names: &Names) -> Result<(), ConfigError> {
        let source = Source {
            path: &self.path,
            text: &self.text,
        };
        check_names(source, None, &self.policy, names)
    }

    /// The policy.
    pub(crate) fn policy(&self) -> &GatePolicy {
        &self.policy
    }

    /// The policy alone.
    pub(crate) fn into_policy(self) -> GatePolicy {
        self.policy
    }
}

/// Checks rules that stand in a table of a larger file, or in a file of their own.
pub(crate) fn check_rules(
    source: Source<'_>,
    table: Option<&str>,
    policy: &GatePolicy,
    names: &Names,
) -> Result<(), ConfigError> {
    check_values(source, table, policy)?;
    check_names(source, table, policy, names)
}

fn check_values(
    source: Source<'_>,
    table: Option<&str>,
    policy: &GatePolicy,
) -> Result<(), ConfigError> {
    policy.check().map_err(|problem| {
        // The fragment opens with the key in backquotes; a slice's own name may hold dots.
        let key = problem.split('`').nth(1).unwrap_or_default();
        let place = match key.strip_prefix("margins.") {
            Some(slice) => find(source, table, &|path, _| path == ["margins", slice]),
            None => find(source, table, &|path, _| path == [key]),
        };
        source
            .at(&place, problem.as_str())
            .with_hint("margins and rates are shares: 0.05 is five points or five per cent")
    })
}

fn check_names(
    source: Source<'_>,
    table: Option<&str>,
    policy: &GatePolicy,
    names: &Names,
) -> Result<(), ConfigError> {
    let lists = [
        ("critical", &policy.critical),
        ("exploratory", &policy.exploratory),
    ];
    for (key, list) in lists {
        if let Some(name) = list.iter().find(|name| !names.has(name)) {
            let place = find(source, table, &|path, text| {
                path == [key] && text == Some(name)
            });
            return Err(unknown(source, &place, name, names));
        }
    }
    if let Some(name) = policy.margins.keys().find(|name| !names.has(name)) {
        let place = find(source, table, &|path, _| path == ["margins", name.as_str()]);
        return Err(unknown(source, &place, name, names));
    }
    let both = policy
        .critical
        .iter()
        .find(|name| policy.exploratory.contains(name));
    if let Some(name) = both {
        let place = find(source, table, &|path, text| {
            path == ["exploratory"] && text == Some(name)
        });
        return Err(source
            .at(
                &place,
                format!("slice `{name}` is both critical and exploratory"),
            )
            .with_hint("a critical slice must be proven, an exploratory one never gates"));
    }
    Ok(())
}

fn unknown(source: Source<'_>, at: &Range<usize>, name: &str, names: &Names) -> ConfigError {
    source
        .at(
            at,
            format!("the gate policy names the slice `{name}`, and there is none"),
        )
        .with_hint(names.hint(name))
}

/// Tells a wanted value by its path below the table and its text.
type Wanted<'a> = dyn Fn(&[&str], Option<&String>) -> bool + 'a;

/// Where the first such value stands; the start of the file if it is not there.
fn find(source: Source<'_>, table: Option<&str>, wanted: &Wanted<'_>) -> Range<usize> {
    let Ok(document) = DeTable::parse(source.text) else {
        return 0..0;
    };
    let root = document.get_ref();
    let own = table
        .and_then(|name| root.get(name))
        .map(|value| value.get_ref());
    let found = match own {
        Some(DeValue::Table(own)) => search(own, &mut Vec::new(), wanted),
        _ => search(root, &mut Vec::new(), wanted),
    };
    found.unwrap_or(0..0)
}

fn search<'t>(
    table: &'t DeTable<'_>,
    path: &mut Vec<&'t str>,
    wanted: &Wanted<'_>,
) -> Option<Range<usize>> {
    for (key, value) in table.iter() {
        path.push(key.get_ref());
        let found = match value.get_ref() {
            DeValue::Table(inner) => search(inner, path, wanted),
            DeValue::Array(items) => items.iter().find_map(|item| {
                let text = item.get_ref().as_str().map(str::to_owned);
                wanted(path, text.as_ref()).then(|| item.span())
            }),
            other => {
                let text = other.as_str().map(str::to_owned);
                wanted(path, text.as_ref()).then(|| value.span())
            }
        };
        path.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}
