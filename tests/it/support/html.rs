//! A strict reader of the HTML that we write: elements and attributes by name, everything nested and closed.

use std::collections::BTreeSet;

/// Elements and attributes that may be in a page. What is not in here could do something.
const ELEMENTS: &[&str] = &[
    "html", "head", "meta", "title", "style", "body", "main", "article", "header", "footer",
    "section", "h1", "h2", "h3", "p", "div", "span", "b", "i", "dl", "dt", "dd", "ul", "li",
    "details", "summary", "table", "tr", "th", "td", "code", "svg", "defs", "marker", "path",
    "line", "rect", "circle", "text",
];
const ATTRIBUTES: &[&str] = &[
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "open",
    "scope",
    "viewBox",
    "role",
    "aria-label",
    "style",
    "id",
    "refX",
    "refY",
    "markerWidth",
    "markerHeight",
    "orient",
    "d",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
    "rx",
    "width",
    "height",
    "text-anchor",
    "marker-end",
];
const VOID: &[&str] = &["meta"];

/// What a page holds.
#[derive(Debug, Default)]
pub(crate) struct Html {
    /// The text outside of elements, entities resolved.
    pub(crate) text: String,
    /// Names of elements that were there.
    pub(crate) elements: BTreeSet<String>,
}

/// Reads a page.
///
/// # Panics
///
/// With the place, when it is not well-formed or has something in it that may not be there.
pub(crate) fn parse(page: &str) -> Html {
    let mut html = Html::default();
    let mut left = page.strip_prefix("<!DOCTYPE html>\n").expect("the document type");
    let mut open: Vec<String> = Vec::new();
    while !left.is_empty() {
        let at = page.len() - left.len();
        let near = || format!("byte {at}: {:?}", left.chars().take(80).collect::<String>());
        let Some(inside) = left.strip_prefix('<') else {
            let end = left.find('<').unwrap_or(left.len());
            let is_style = open.last().is_some_and(|name| name == "style");
            html.text += &if is_style { String::new() } else { resolved(&left[..end]) };
            left = &left[end..];
            continue;
        };
        let end = inside.find('>').unwrap_or_else(|| panic!("not closed, {}", near()));
        let tag = &inside[..end];
        left = &inside[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{}", near());
            continue;
        }
        let closed = tag.strip_suffix('/');
        let tag = closed.unwrap_or(tag);
        let (name, attributes) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "element {name:?}, {}", near());
        read_attributes(attributes, &near());
        html.elements.insert(name.to_owned());
        if closed.is_none() && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new(), "not closed");
    html
}

fn read_attributes(mut left: &str, near: &str) {
    while !left.trim_start().is_empty() {
        left = left.trim_start();
        let end = left.find(['=', ' ']).unwrap_or(left.len());
        let name = &left[..end];
        assert!(ATTRIBUTES.contains(&name), "attribute {name:?}, {near}");
        left = &left[end..];
        let Some(value) = left.strip_prefix("=\"") else { continue };
        let end =
            value.find('"').unwrap_or_else(|| panic!("attribute {name} is not closed, {near}"));
        assert!(!value[..end].contains('<'), "attribute {name}, {near}");
        resolved(&value[..end]);
        left = &value[end + 1..];
    }
}

/// Text with its entities resolved; a `&` that begins none is an error.
fn resolved(text: &str) -> String {
    let mut out = String::new();
    let mut left = text;
    while let Some(at) = left.find('&') {
        out += &left[..at];
        left = &left[at..];
        let known =
            [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
        let (entity, c) = known
            .into_iter()
            .find(|(entity, _)| left.starts_with(entity))
            .unwrap_or_else(|| panic!("a bare & in {text:?}"));
        out.push(c);
        left = &left[entity.len()..];
    }
    out + left
}
