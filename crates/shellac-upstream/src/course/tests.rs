//! What was tried is remembered in order, however much it is.

use super::*;

#[test]
fn few_and_many_positions_are_kept_in_order() {
    let mut course = Course::new(None);
    for position in 0..10 {
        assert_eq!((course.attempts(), course.has_tried(position)), (position, false));
        course.tried.push(position);
        assert_eq!(course.tried.as_slice(), (0..=position).collect::<Vec<_>>());
    }
    assert!((0..10).all(|position| course.has_tried(position)));
}
