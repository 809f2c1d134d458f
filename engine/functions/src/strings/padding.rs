//! What `pad_left` and `pad_right` put beside a text.

use crate::define::*;

/// The fill for (text, length, fill): as many characters as are lacking.
pub(crate) fn padding(arguments: &Arguments<'_>) -> Result<String, FunctionError> {
    let length = usize::try_from(arguments.int(1).max(0)).unwrap_or(usize::MAX);
    let fill = arguments.optional_string(2).unwrap_or(" ");
    let lacking = length.saturating_sub(arguments.string(0).chars().count());
    if lacking == 0 {
        return Ok(String::new());
    }
    if fill.is_empty() {
        return Err(FunctionError::out_of_range("the fill", "at least one character", "empty"));
    }
    if lacking > TEXT_BYTES_MAX {
        return Err(FunctionError::TooLong);
    }
    Ok(fill.chars().cycle().take(lacking).collect())
}
