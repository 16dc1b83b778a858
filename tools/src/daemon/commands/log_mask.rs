//! The parameter `vsl_mask`: which records are left out of the log.

use shellac_admin::{Answer, Status};
use shellac_format::TagSet;
use shellac_proxy::Control;

/// `value` has a `-` in front of each name of a tag that is left out, as the manager writes it, or is `none`.
pub(super) fn set(control: &Control, value: &str) -> Answer {
    let mut masked = TagSet::EMPTY;
    for item in value.split(',').filter(|item| !item.is_empty() && *item != "none") {
        let name = item.trim_start_matches('-');
        let Some(tag) = TagSet::ALL.iter().find(|tag| tag.name() == name) else {
            return Answer::new(Status::PARAMETER, format!("Unknown VSL tag ({item})"));
        };
        masked.insert(tag);
    }
    control.mask(masked);
    Answer::ok("")
}
