//! Cursor pagination: pages stay whole while rows come and go.

/// Most rows of one page.
pub const MAX_PAGE: u32 = 500;

/// Which page is wanted.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The cursor the page before gave; `None` for the first.
    pub after: Option<String>,
    /// How many rows, 1 to [`MAX_PAGE`].
    pub limit: u32,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { after: None, limit: 50 }
    }
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<String>,
    /// How many rows there are in all, where that is cheap to know.
    pub total: Option<u64>,
}
