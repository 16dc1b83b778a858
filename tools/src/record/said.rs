//! What the recorder has to say, in words for a person.

use shellac_capture::report::Said;
use shellac_capture::rules::Rule;
use shellac_capture::{Accounts, Notice};
use shellac_render::visible;

/// One line, or none.
pub(super) fn text(said: &Said, rules: &[Rule]) -> Option<String> {
    let name =
        |rule: usize| rules.get(rule).map_or_else(String::new, |it| visible(it.name.as_bytes()));
    Some(match said {
        Said::Event { rule, is_fire, text, .. } => {
            let about = rules.get(*rule)?;
            let mut line = format!(
                "{} {}: {}",
                if *is_fire { "fires" } else { "is over" },
                about.severity.word(),
                name(*rule)
            );
            if let Some(text) = text {
                line.push_str(&format!(": {}", visible(text.as_bytes())));
            }
            if *is_fire {
                for (word, value) in [("owner", &about.owner), ("runbook", &about.runbook)] {
                    if let Some(value) = value {
                        line.push_str(&format!("; {word} {}", visible(value.as_bytes())));
                    }
                }
            }
            line
        }
        Said::Finished { finished, triggers } => match &finished.file {
            Some(file) => {
                let file = visible(file.as_bytes());
                let cut =
                    finished.cut.map_or_else(String::new, |cut| format!(", cut: {}", cut.word()));
                format!("{file}: {} bytes, triggers: {triggers}{cut}", finished.bytes)
            }
            None => "what was asked for is not in the log: nothing was kept".to_owned(),
        },
        Said::Refused { rule, refusal } => {
            format!("{}: nothing is kept: {}", name(*rule), refusal.word())
        }
        Said::Notice(notice) => notice_text(notice),
        Said::Exec { .. } => return None,
    })
}

/// What the store has to say; names in it are the user's, errors are the system's.
pub(super) fn notice_text(notice: &Notice) -> String {
    visible(notice.to_string().as_bytes())
}

/// What became of all failures.
pub(super) fn account(accounts: &Accounts) -> String {
    let all = accounts.total();
    let mut text = format!(
        "{} groups: {} kept, {} in the index only, {} suppressed, {} lost",
        all.handed_in, all.full, all.index, all.suppressed, all.lost
    );
    if accounts.evicted > 0 {
        text.push_str(&format!("; {} files removed to make room", accounts.evicted));
    }
    text
}
