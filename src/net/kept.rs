//! What authorities publish for everybody, fetched once for all targets of a run:
//! lists of revoked certificates and answers by OCSP, by their URL.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::sync::OnceCell;

use super::error::NetError;
use crate::model::gap::GapReason;

/// Most URLs that are remembered.
const MOST: usize = 2_000;
/// Most bytes that are kept over all URLs.
const MOST_BYTES: usize = 64 << 20;

type Body = Result<Arc<Vec<u8>>, NetError>;

/// What came from each URL.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bodies: Mutex<HashMap<String, Arc<OnceCell<Body>>>>,
    bytes: AtomicUsize,
}

impl Kept {
    /// What a URL gave before, or what `fetch` gives now. What fails for a reason
    /// of one target alone is not remembered.
    pub(super) async fn once(
        &self,
        url: &str,
        fetch: impl Future<Output = Result<Vec<u8>, NetError>>,
    ) -> Body {
        let cell = {
            let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
            let room = bodies.len() < MOST && self.bytes.load(Relaxed) < MOST_BYTES;
            match bodies.get(url) {
                Some(cell) => cell.clone(),
                None if room => bodies.entry(url.to_owned()).or_default().clone(),
                None => Arc::default(),
            }
        };
        let mut fetched = false;
        let body = cell
            .get_or_try_init(|| async {
                fetched = true;
                match fetch.await {
                    Err(error) if is_of_one_target(&error) => Err(error),
                    body => Ok(body.map(Arc::new)),
                }
            })
            .await?
            .clone();
        if fetched && let Ok(body) = &body {
            self.bytes.fetch_add(body.len(), Relaxed);
        }
        body
    }
}

/// Whether another target may have more luck.
fn is_of_one_target(error: &NetError) -> bool {
    use GapReason as R;
    matches!(
        error.reason,
        R::BudgetSpent | R::Interrupted | R::OutOfScope | R::NotAsked | R::Internal
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_is_fetched_once_whoever_asks() {
        let kept = Kept::default();
        let spent = || NetError::new(GapReason::BudgetSpent, "spent");
        let dead = || NetError::new(GapReason::Timeout, "dead");
        let one = kept.once("http://a/", async { Err(spent()) }).await;
        assert_eq!(one.expect_err("spent").reason, GapReason::BudgetSpent);
        let one = kept.once("http://a/", async { Ok(vec![1]) }).await;
        assert_eq!(*one.expect("fetched"), [1]);
        let again = kept.once("http://a/", async { Ok(vec![2]) }).await;
        assert_eq!(*again.expect("kept"), [1]);
        let other = kept.once("http://b/", async { Err(dead()) }).await;
        assert!(other.is_err());
        // A place that is dead is not asked again for every target.
        let other = kept.once("http://b/", async { Ok(vec![3]) }).await;
        assert_eq!(other.expect_err("dead").reason, GapReason::Timeout);
        assert_eq!(kept.bytes.load(Relaxed), 1);
    }
}
