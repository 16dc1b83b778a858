//! Choosing an endpoint from a pool, in turn.

use std::sync::Arc;

use crate::endpoint::Endpoint;

/// Endpoints that can stand in for each other.
#[derive(Debug, Clone)]
pub struct Pool {
    name: String,
    endpoints: Vec<Arc<Endpoint>>,
}

impl Pool {
    /// A pool of these endpoints, in the order of the configuration.
    #[must_use]
    pub fn new(name: impl Into<String>, endpoints: Vec<Arc<Endpoint>>) -> Self {
        Self { name: name.into(), endpoints }
    }

    /// Name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its endpoints, in the order of the configuration.
    #[must_use]
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }
}

/// One worker's turn through a pool.
///
/// Every worker has its own, so that the turn is no shared word; give each another `offset`, or all of them
/// begin with the same endpoint.
#[derive(Debug, Clone)]
pub struct Picker {
    pool: Arc<Pool>,
    next: usize,
}

impl Picker {
    /// A picker whose first choice is the endpoint number `offset`, counted round the pool.
    #[must_use]
    pub fn new(pool: Arc<Pool>, offset: usize) -> Self {
        let next = offset.checked_rem(pool.endpoints.len()).unwrap_or(0);
        Self { pool, next }
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The endpoint for the next attempt, or `None` when the pool is empty.
    ///
    /// `exclude` holds the [`Endpoint::index`] of those that this request has tried. Another one is preferred; when all have
    /// been tried the turn goes on among all of them, because a second chance is better than none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use shellac_upstream::{Endpoint, Picker, Pool};
    ///
    /// let endpoint = |index, name| Arc::new(Endpoint::new(index, name, ([127, 0, 0, 1], 9001).into()));
    /// let pool = Arc::new(Pool::new("api", vec![endpoint(0, "api1"), endpoint(1, "api2")]));
    /// let mut picker = Picker::new(pool, 0);
    /// assert_eq!(picker.pick(&[]).unwrap().name(), "api1");
    /// assert_eq!(picker.pick(&[1]).unwrap().name(), "api1");
    /// ```
    pub fn pick(&mut self, exclude: &[usize]) -> Option<Arc<Endpoint>> {
        let endpoints = &self.pool.endpoints;
        let turn = || (0..endpoints.len()).map(|step| (self.next + step) % endpoints.len());
        let chosen = turn()
            .find(|&at| !exclude.contains(&endpoints[at].index()))
            .or_else(|| turn().next())?;
        self.next = (chosen + 1) % endpoints.len();
        Some(Arc::clone(&endpoints[chosen]))
    }
}

#[cfg(test)]
mod tests;
