//! A backend that panics on its answers, in debug builds and only where a test asks for it.
//!
//! Shows that a bug in the middle of a call, with a key at hand, puts the key nowhere.

use std::sync::Arc;

use weighbridge_engine::backend::ReplyFuture;
use weighbridge_engine::{Backend, Call, Clock};

use crate::config::BackendWritten;

/// Name of the environment variable that asks for it.
const VARIABLE: &str = "WEIGHBRIDGE_TEST_PANIC";

struct Panicking {
    inner: Arc<dyn Backend>,
    /// What a careless message would quote.
    at_hand: Vec<String>,
}

impl Backend for Panicking {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(async move {
            let reply = self.inner.send(call, clock).await;
            #[expect(clippy::panic, reason = "this is what it is for")]
            {
                panic!("cannot make sense of {reply:?} with {:?}", self.at_hand);
            }
        })
    }

    fn dialect(&self) -> &'static str {
        self.inner.dialect()
    }
}

/// The same backend, or one that panics.
pub(super) fn wrapped(inner: Arc<dyn Backend>, backend: &BackendWritten) -> Arc<dyn Backend> {
    if std::env::var_os(VARIABLE).is_none() {
        return inner;
    }
    let variables = backend
        .api_key_env
        .iter()
        .chain(backend.headers_env.values());
    let more = ["HTTP_PROXY".to_owned()];
    let values = variables
        .chain(&more)
        .filter_map(|name| std::env::var(name).ok());
    Arc::new(Panicking {
        inner,
        at_hand: values.collect(),
    })
}
