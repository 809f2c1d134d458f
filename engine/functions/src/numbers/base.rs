//! Number bases.

use crate::arguments::CallSite;
use crate::error::BadArgument;

/// The base in a place of a call: 2 to 36.
pub(super) fn base(site: &CallSite<'_>, argument: usize) -> Result<u32, BadArgument> {
    let base = site.int(argument).and_then(|base| u32::try_from(base).ok());
    let known = base.filter(|base| (2..=36).contains(base));
    known.ok_or_else(|| BadArgument::new(argument, "the base must be between 2 and 36"))
}
