//! Elections of several tabs, played out.
