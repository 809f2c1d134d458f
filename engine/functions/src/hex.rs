//! Hexadecimal digits, and UUIDs that are written with them.

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("four bits are one digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// None: not all digits, or an odd number of them.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let values: Option<Vec<u8>> = digits.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    let values = values.filter(|values| values.len().is_multiple_of(2))?;
    Some(values.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// The bytes of a UUID in its usual form of 8-4-4-4-12 digits.
pub(crate) fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    let shaped = groups.len() == GROUPS.len()
        && groups.iter().zip(GROUPS).all(|(group, length)| group.len() == length && group.is_ascii());
    unhex(&groups.concat()).filter(|_| shaped)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_their_digits() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&all)), Some(all));
        assert_eq!((unhex("0g"), unhex("123"), unhex("")), (None, None, Some(vec![])));
    }
}
