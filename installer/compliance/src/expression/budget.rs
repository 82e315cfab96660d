//! Steps that evaluating may take. Functions of the language are plain functions without a state of their own, so that the count
//! stands beside them, one a thread.

use std::cell::Cell;

use cel::ExecutionError;

thread_local! {
    /// Steps that are left; none: more were asked for than there were.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Does some work that may take so many steps; what is left of them, or none when they did not do.
pub(super) fn within<T>(steps: u64, work: impl FnOnce() -> T) -> (T, Option<u64>) {
    LEFT.set(Some(steps));
    let done = work();
    (done, LEFT.take())
}

/// Takes steps. Once they did not do, there are none any more.
pub(super) fn charge(steps: u64) -> Result<(), ExecutionError> {
    let left = LEFT.get().and_then(|left| left.checked_sub(steps));
    LEFT.set(left);
    left.map(drop).ok_or_else(|| ExecutionError::function_error("budget", "it takes too many steps"))
}
