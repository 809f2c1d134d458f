//! Functions of lists and maps. Their types depend on those of the elements, and some take `x => …`: so the checker knows them one by
//! one, and the engine evaluates them; here is what they mean, and examples that are run as for all others.

crate::define::functions! {
    first, last, slice, distinct, sort, sum, min, max, avg, join, split, flatten, zip, range, keys, values, entries, has_key, merge, map, filter, any, all, find, count_if, reduce, sort_by, map_values,
}
