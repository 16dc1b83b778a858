use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Key, key};

fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    key(&Event::Key(KeyEvent::new(code, modifiers)))
}

#[test]
fn keys_are_what_they_are_whatever_is_held() {
    let (none, ctrl, shift) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::SHIFT);
    assert_eq!(pressed(KeyCode::Char('G'), shift), Some(Key::Char('G')));
    assert_eq!(pressed(KeyCode::Char('F'), ctrl), Some(Key::Ctrl('f')));
    assert_eq!(pressed(KeyCode::F(4), none), Some(Key::F(4)));
    assert_eq!(pressed(KeyCode::BackTab, shift), Some(Key::BackTab));
    // A control character that somebody pastes is no letter.
    assert_eq!(pressed(KeyCode::Char('\u{1b}'), none), None);
    assert_eq!(key(&Event::Resize(80, 24)), None);
    let mut released = KeyEvent::new(KeyCode::Char('q'), none);
    released.kind = KeyEventKind::Release;
    assert_eq!(key(&Event::Key(released)), None);
}
