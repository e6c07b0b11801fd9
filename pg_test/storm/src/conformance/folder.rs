//! Where the test files are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

pub const VARIABLE: &str = "SLASHGUARD_EIP3076_DIR";
/// Beside the repository, where they may be kept: they are no part of it.
const DEFAULT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/eip3076");

pub enum Files {
    Found(Vec<PathBuf>),
    /// Nobody said where they are, and they are not where they may be kept.
    Absent(PathBuf),
}

pub fn files() -> Result<Files, String> {
    look(env::var_os(VARIABLE).map(PathBuf::from), Path::new(DEFAULT))
}

fn look(named: Option<PathBuf>, default: &Path) -> Result<Files, String> {
    let is_named = named.is_some();
    let folder = named.unwrap_or_else(|| default.to_path_buf());
    if !folder.is_dir() && !is_named {
        return Ok(Files::Absent(folder));
    }
    let mut found = Vec::new();
    search(&folder, &mut found).map_err(|error| format!("{}: {error}", folder.display()))?;
    if found.is_empty() {
        return Err(format!("{} has no .json files, also not in its subfolders", folder.display()));
    }
    found.sort();
    Ok(Files::Found(found))
}

/// Links are not followed, so that the search ends.
fn search(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this name, gone when the test ends.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("slashguard-{name}-{}", std::process::id()));
            fs::create_dir_all(path.join("tests/generated")).expect("a folder");
            Scratch(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_in_subfolders_are_found_in_order() {
        let scratch = Scratch::new("found");
        for name in ["tests/generated/b.json", "tests/generated/a.json", "tests/notes.md"] {
            fs::write(scratch.0.join(name), "{}").expect("a file");
        }
        let Ok(Files::Found(found)) = look(Some(scratch.0.clone()), Path::new("/nowhere")) else {
            panic!("there are files");
        };
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["a.json", "b.json"]);
    }

    #[test]
    fn only_a_folder_that_nobody_named_may_be_absent() {
        let scratch = Scratch::new("absent");
        assert!(matches!(look(None, &scratch.0.join("none")), Ok(Files::Absent(_))));
        assert!(look(Some(scratch.0.join("none")), &scratch.0).is_err());
        assert!(look(Some(scratch.0.clone()), &scratch.0).is_err(), "it is empty");
        assert!(look(None, &scratch.0).is_err(), "it is empty");
    }
}
