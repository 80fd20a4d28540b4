//! The fit samples most like a request, and what each model did on them.

use crate::cut::within;
use crate::embed::Embedder;
use crate::learn::{Lessons, Worth, mean};
use crate::similarity::{Neighbour, Rows};
use crate::text::Scope;
use crate::{PolicyError, Request};

/// Embedded fit samples with their recorded outcomes.
pub(crate) struct Neighbours {
    embedder: Embedder,
    scope: Scope,
    k: usize,
    rows: Rows,
    recorded: Vec<Vec<Option<Worth>>>,
    overall: Vec<Worth>,
}

impl Neighbours {
    /// Embeds the fit samples.
    ///
    /// # Errors
    /// When `k` or `dims` is out of range.
    pub(crate) fn new(
        lessons: &Lessons<'_>,
        k: usize,
        dims: usize,
        scope: Scope,
    ) -> Result<Self, PolicyError> {
        within("k", k as f64, 1.0, 10_000.0)?;
        let embedder = Embedder::new(check_dims(dims)?);
        let mut rows = Rows::new(embedder.dims());
        for sample in lessons.samples {
            rows.push(&embedder.embed(&scope.text(&Request::of(sample, 0, 0))));
        }
        Ok(Self {
            embedder,
            scope,
            k,
            rows,
            recorded: lessons.rows.clone(),
            overall: lessons.overall.clone(),
        })
    }

    /// The `k` nearest fit samples, or fewer where there are fewer.
    pub(crate) fn nearest(&self, request: &Request<'_>) -> Vec<Neighbour> {
        let query = self.embedder.embed(&self.scope.text(request));
        self.rows.nearest(&query, self.k, |_| true)
    }

    /// Recorded outcomes of a neighbour, per model.
    pub(crate) fn recorded(&self, neighbour: &Neighbour) -> &[Option<Worth>] {
        &self.recorded[neighbour.row]
    }

    /// Mean over the neighbours per model; the overall mean where no neighbour has an outcome.
    pub(crate) fn estimate(&self, request: &Request<'_>) -> Vec<Worth> {
        let near = self.nearest(request);
        let models = self.overall.iter().enumerate();
        models
            .map(|(m, overall)| {
                let cells = near.iter().map(|n| &self.recorded(n)[m]);
                mean(cells).unwrap_or(*overall)
            })
            .collect()
    }
}

/// Checks the length of an embedding.
pub(crate) fn check_dims(dims: usize) -> Result<usize, PolicyError> {
    within("dims", dims as f64, 8.0, 65_536.0)?;
    Ok(dims)
}
