//! One evaluation's report: made from facts, and printed for people.
//!
//! Always: every source and every rule is in it, read or not; a rule that was not asked for says so; the
//! text for people shows findings, gaps and next steps from the same report that is signed and sent.

mod build;
mod page;
mod text;

pub use build::{
    Assessment, NOT_ASKED, NOT_NEEDED, Request, assess, assess_collection, assess_remembering, harmless,
    harmless_word, nothing_beyond, summarise_device,
};
pub use page::{DEFAULT_WIDTH, Page, Paint, Style};
pub use text::{Reader, is_evaluated, render};
