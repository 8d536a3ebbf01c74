//! Files that were made to break their readers: the findings of the fuzzers, and good files with changed bytes.
//!
//! Any of them may be read or refused; what none may do is panic, use up the stack or the memory, or take
//! forever. A finding lies in `tests/findings/<reader>/` under a name that says what is wrong with it.

mod changes;
mod findings;
mod readers;
mod seeds;
