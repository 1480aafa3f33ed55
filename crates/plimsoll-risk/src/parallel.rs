//! The one place where threads could be: pieces of work that share nothing they write.
//!
//! With the feature `threads` pieces run on the threads of the caller's `rayon` pool, else one after
//! the other. A piece does the same operations in the same order wherever it runs, so results do not
//! depend on it.

/// Calls `run` on every piece with a scratch value made by `scratch`, one per thread at a time.
#[cfg(not(feature = "threads"))]
pub(crate) fn for_each<P, S>(
    pieces: impl Iterator<Item = P>,
    scratch: impl Fn() -> S,
    run: impl Fn(&mut S, P),
) {
    let mut scratch = scratch();
    pieces.for_each(|piece| run(&mut scratch, piece));
}

/// Calls `run` on every piece with a scratch value made by `scratch`, one per thread at a time.
#[cfg(feature = "threads")]
pub(crate) fn for_each<P: Send, S>(
    pieces: impl Iterator<Item = P>,
    scratch: impl Fn() -> S + Sync + Send,
    run: impl Fn(&mut S, P) + Sync + Send,
) {
    use rayon::prelude::*;
    let pieces: Vec<P> = pieces.collect();
    if pieces.len() < 4 || rayon::current_num_threads() == 1 {
        let mut scratch = scratch();
        pieces.into_iter().for_each(|piece| run(&mut scratch, piece));
        return;
    }
    pieces.into_par_iter().for_each_init(scratch, |scratch, piece| run(scratch, piece));
}
