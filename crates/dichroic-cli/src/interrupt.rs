//! Ctrl-C and polite kills: a wish to stop, not an end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, INTERRUPTED};

static WISH: AtomicBool = AtomicBool::new(false);

/// A flag that becomes true at the first Ctrl-C; a second one ends the program at once.
///
/// # Errors
/// When the system refuses the handler.
pub fn wish_to_stop() -> Result<&'static AtomicBool, Failure> {
    static SET: OnceLock<Result<(), String>> = OnceLock::new();
    let set = SET.get_or_init(|| {
        let handler = || {
            if WISH.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(INTERRUPTED));
            }
        };
        ctrlc::set_handler(handler).map_err(|error| error.to_string())
    });
    match set {
        Ok(()) => Ok(&WISH),
        Err(error) => Err(Failure::failed(format!("Ctrl-C can't be caught: {error}"))),
    }
}
