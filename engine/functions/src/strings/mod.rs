//! Functions of texts.

mod padding;

crate::define::functions! {
    lower, upper, capitalize, title, trim, trim_start, trim_end, collapse_spaces, length, byte_length, substring, left, right, words, characters,
    split_part, replace, translate, remove_prefix, remove_suffix, pad_left, pad_right, repeat, reverse, concat, concat_ws,
    starts_with, ends_with, contains, index_of, occurrences, equals_ignore_case, is_ascii, is_digits, code_point,
    from_code_point, strip_accents, levenshtein, similarity, mask,
}
