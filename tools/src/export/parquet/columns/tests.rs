use super::*;

#[test]
fn the_schema_has_every_column() {
    let schema = schema();
    let names: Vec<&str> = schema.get_fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, COLUMNS.map(|(name, _)| name));
}

#[test]
fn lists_have_levels() {
    let mut column = Column::new(Kind::Texts);
    for texts in [&[][..], &["a", "b", "c"], &["d"], &[]] {
        column.push(Cell::Texts(texts.iter().map(|&text| text.to_owned()).collect()));
    }
    assert_eq!(column.present, [0, 1, 1, 1, 1, 0]);
    assert_eq!(column.goes_on, [0, 0, 1, 1, 0, 0]);
}
