//! Functions that look at many events: they stand in `aggregate` and `rolling`. The checker types them one by one and the engine keeps
//! their state; here is what they mean, and examples that are run. Some have the name of a function of lists.

crate::define::functions! {
    count, count_if, any, all, sum, avg, min, max, first, last, min_by, max_by, collect, collect_distinct, count_distinct, approx_count_distinct, variance, stddev, percentile, median, top_k, mode, histogram,
}
