use super::escaped;

#[test]
fn nothing_that_means_something_gets_through() {
    let expected = "&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;\\u{1b}\\u{9b}\u{e9}";
    assert_eq!(escaped("<img src=\"x\" onerror='y'>&\u{1b}\u{9b}\u{e9}"), expected);
}
