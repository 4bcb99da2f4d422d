//! What an answer costs, in time that its thread had a processor: a busy machine does not lengthen it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Sees to it that something with input of any length is done at once, and gives what it gave.
pub(crate) fn at_once<T>(limit: Duration, what: &str, work: impl FnOnce() -> T) -> T {
    let begun = spent();
    let done = work();
    let took = spent() - begun;
    assert!(took < limit, "{what:.50} took {took:?}");
    done
}

fn spent() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}
