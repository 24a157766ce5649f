use std::collections::BTreeSet;

use super::*;

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_came_while_it_was_written_is_not_replaced_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    for (is_forced, expected) in [(false, "of another"), (true, "whole")] {
        let mut place = Place::new(&path, is_forced).unwrap();
        place.write_all(b"whole").unwrap();
        fs::write(&path, "of another").unwrap();
        let finished = place.finish();
        assert_eq!(finished.is_ok(), is_forced);
        let error = finished.err().map(|error| error.downcast::<OutError>().unwrap());
        assert!(error.is_none_or(|error| matches!(error, OutError::Exists(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        assert_eq!(names(dir.path()), BTreeSet::from(["out".to_owned()]), "nothing half done stays");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_folder_that_came_meanwhile_is_not_replaced_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    for (is_forced, expected) in [(false, "of another"), (true, "whole")] {
        let place = Place::folder(&path, is_forced).unwrap();
        fs::write(place.partial().join("a"), "whole").unwrap();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("a"), "of another").unwrap();
        assert_eq!(place.finish_folder(|_| true).is_ok(), is_forced);
        assert_eq!(fs::read_to_string(path.join("a")).unwrap(), expected);
        assert_eq!(names(dir.path()), BTreeSet::from(["out".to_owned()]));
        fs::remove_dir_all(&path).unwrap();
    }
}
