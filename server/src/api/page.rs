//! Lists in pages: `limit` and `after` in, `items` and `next` out.

use bearing_store::{MAX_PAGE, Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const DEFAULT_ROWS: u32 = 50;

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// How many, 1 to 500; 50 where absent.
    pub(super) limit: Option<u32>,
    /// The `next` of the page before.
    pub(super) after: Option<String>,
}

impl PageParams {
    pub(super) fn limit(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_ROWS).clamp(1, MAX_PAGE)
    }

    pub(super) fn request(&self) -> PageRequest {
        PageRequest { after: self.after.clone(), limit: self.limit() }
    }

    /// A page of a list that the store gives whole: rows after the one whose `id` is the cursor.
    pub(super) fn cut<T>(&self, all: Vec<T>, id: impl Fn(&T) -> String) -> List<T> {
        let skip = match &self.after {
            Some(after) => all.iter().position(|row| id(row) == *after).map_or(all.len(), |at| at + 1),
            None => 0,
        };
        let limit = self.limit() as usize;
        let total = Some(all.len() as u64);
        let more = all.len() > skip + limit;
        let items: Vec<T> = all.into_iter().skip(skip).take(limit).collect();
        let next = if more { items.last().map(&id) } else { None };
        List { items, next, total }
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    /// Its rows.
    pub(super) items: Vec<T>,
    /// What to send as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// How many there are in all, where that is cheap to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

impl<T> List<T> {
    /// A page of the store, with its rows as callers see them.
    pub(super) fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        Self { items: page.items.into_iter().map(view).collect(), next: page.next, total: page.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_a_whole_list_meet_without_gap_or_overlap() {
        let mut params = PageParams { limit: Some(2), after: None };
        let mut seen = Vec::new();
        loop {
            let page = params.cut((0..5).collect(), |row: &i32| row.to_string());
            seen.extend(page.items);
            match page.next {
                Some(next) => params.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        assert!(params.cut(vec![1], |_| "x".into()).items.is_empty(), "an unknown cursor starts nowhere");
    }
}
