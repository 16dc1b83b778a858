//! What a panicking thread still says.

use std::cell::RefCell;
use std::panic;
use std::rc::{Rc, Weak};
use std::sync::Once;

use shellac_format::Tag;

use super::txn::Log;

thread_local! {
    static LOG: RefCell<Weak<Log>> = const { RefCell::new(Weak::new()) };
}

static HOOK: Once = Once::new();

/// Makes a panic on this thread publish its open buffers and an `Error` that says where it happened.
///
/// The hook is installed once per process and does nothing on threads that have no log; the hook that was there before
/// runs after it.
pub(crate) fn publish_on_panic(log: &Rc<Log>) {
    LOG.with_borrow_mut(|slot| *slot = Rc::downgrade(log));
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let log = LOG.try_with(|slot| slot.try_borrow().ok().and_then(|slot| slot.upgrade()));
            if let Ok(Some(log)) = log {
                log.publish_open();
                log.loose_if_free(Tag::Error, |text| {
                    text.bytes(b"shellac: panic");
                    if let Some(place) = info.location() {
                        text.word(b"at").word(place.file().as_bytes()).bytes(b":");
                        text.number(u64::from(place.line()));
                    }
                    if let Some(message) = info.payload_as_str() {
                        text.bytes(b": ").bytes(message.as_bytes());
                    }
                });
            }
            before(info);
        }));
    });
}
