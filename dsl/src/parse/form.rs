//! How a step or a declaration is written as a whole: said where nothing better is known.

use super::habit::Look;
use crate::ide;

/// The form of the step or the declaration in which the grammar stopped.
pub(super) fn of(look: &Look<'_>) -> Option<String> {
    if !look.is_declaration || look.depth(look.index) > 0 || look.index == 0 {
        return None;
    }
    let word = look.step().map_or(look.text(0), |step| look.text(step.keyword));
    let (form, _) = ide::meaning(word)?;
    Some(format!("it is written `{form}`; `tidegate explain {word}` tells more"))
}
