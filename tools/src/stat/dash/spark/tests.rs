use super::spark;
use crate::stat::dash::screen::Look;

#[test]
fn a_picture_ends_at_the_right_and_shows_whatever_is_not_zero() {
    let unicode = Look { unicode: true, ..Look::default() };
    let history = vec![Some(0.0), Some(0.001), None, Some(50.0), Some(100.0)];
    assert_eq!(spark(&history, 7, unicode), "  ▁▂ ▅█");
    assert_eq!(spark(&history, 3, unicode), " ▅█");
    assert_eq!(spark(&history, 5, Look::default()), "_. -#");
    // What never moves is flat, and what is no number harms nothing.
    assert_eq!(spark(&vec![Some(0.0), Some(0.0)], 2, unicode), "▁▁");
    assert_eq!(spark(&vec![Some(f64::NAN), Some(-1.0)], 2, unicode), "▁▁");
}
