use super::*;
use crate::mapped::CreateOptions;

#[test]
fn cells_go_in_and_out_and_never_past_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cells");
    let file = MappedFileMut::create(&path, 20, &CreateOptions::default()).unwrap();
    let writer = CellViewMut::create(file).unwrap();
    let reader = CellView::open(MappedFile::open(&path, 0, 20).unwrap()).unwrap();
    // Four bytes are no cell.
    assert_eq!((writer.len_cells(), reader.len_cells()), (2, 2));
    writer.store(0, 0x0102_0304_0506_0708);
    writer.store_release(1, u64::MAX);
    reader.read_barrier();
    assert_eq!(reader.get(0), Some(0x0102_0304_0506_0708));
    assert_eq!((reader.get(1), reader.get(2)), (Some(u64::MAX), None));
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes[..8], 0x0102_0304_0506_0708u64.to_ne_bytes());
}

#[test]
fn a_part_of_a_file_has_cells_where_it_is_aligned() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cells");
    let file = MappedFileMut::create(&path, 64, &CreateOptions::default()).unwrap();
    CellViewMut::create(file).unwrap().store(5, 55);
    let part = CellView::open(MappedFile::open(&path, 40, 24).unwrap()).unwrap();
    assert_eq!((part.len_cells(), part.get(0)), (3, Some(55)));
    let odd = CellView::open(MappedFile::open(&path, 12, 24).unwrap());
    assert_eq!(odd.unwrap_err(), CellsError::Misaligned);
}

#[test]
fn several_cells_go_in_at_once_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cells");
    let file = MappedFileMut::create(&path, 32, &CreateOptions::default()).unwrap();
    let writer = CellViewMut::create(file).unwrap();
    writer.store_all(1, &[11, 12]);
    writer.store_all(3, &[13]);
    writer.store_all(4, &[]);
    let get = || [0, 1, 2, 3].map(|index| writer.get(index).unwrap());
    assert_eq!(get(), [0, 11, 12, 13]);
    for (index, values) in [(3, &[1, 2][..]), (4, &[1]), (5, &[]), (usize::MAX, &[1])] {
        let store = std::panic::AssertUnwindSafe(|| writer.store_all(index, values));
        assert!(std::panic::catch_unwind(store).is_err(), "{index}");
    }
    assert_eq!(get(), [0, 11, 12, 13]);
}
