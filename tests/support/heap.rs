//! What is held on the heap, counted by the thread that holds it.
//!
//! A test target that wants to know says `#[global_allocator] static HEAP: heap::Counted = heap::Counted;`. In others nothing is counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

pub struct Counted;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// Bytes that this thread took and has not given back. SQLite's own are not among them.
fn held() -> isize {
    HELD.get()
}

/// Bytes that `end` gave back.
pub fn freed(end: impl FnOnce()) -> usize {
    let before = held();
    end();
    usize::try_from(before - held()).unwrap_or_default()
}

fn count(bytes: usize, sign: isize) {
    // A thread that ends frees what belonged to it when its own counter is gone.
    let _ = HELD.try_with(|held| held.set(held.get() + sign * bytes as isize));
}

// SAFETY: the system's allocator does all of it; a counter without a destructor or an allocation of its own goes beside it.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), -1);
        count(size, 1);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
