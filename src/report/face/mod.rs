//! The two faces that a report is set in, one family for Latin and Han: found among the system's fonts, and measured.

mod ruler;

pub use ruler::{ASCENT, DESCENT, Ruler, Weight};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustybuzz::ttf_parser;

use crate::error::{Error, Result};

/// The regular and the bold face of one family.
#[derive(Debug, Clone)]
pub struct Faces {
    /// The family's name, as drawings name it.
    pub family: String,
    /// For what is read.
    pub regular: Face,
    /// For what stands out.
    pub bold: Face,
}

/// A face in the bytes of its file.
#[derive(Clone)]
pub struct Face {
    /// The whole file, a collection as a rule.
    pub bytes: Arc<Vec<u8>>,
    /// Which face of the collection.
    pub index: u32,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Face").field("bytes", &self.bytes.len()).field("index", &self.index).finish()
    }
}

/// The package that holds them.
const PACKAGE: &str = "install Debian's package fonts-noto-cjk";

impl Faces {
    /// The family's name in a language: the shapes of Han characters differ between Taiwan and the mainland.
    pub fn family_of(locale: &str) -> &'static str {
        if locale == "zh-CN" { "Noto Sans CJK SC" } else { "Noto Sans CJK TC" }
    }

    /// Finds the faces of a language among the system's fonts.
    ///
    /// # Errors
    /// Misconfigured: they are not installed; says what to install.
    pub fn find(locale: &str) -> Result<Self> {
        Self::find_in(&folders(), locale)
    }

    /// Finds the faces of a language in these folders and those within.
    ///
    /// # Errors
    /// As [`Faces::find`].
    pub fn find_in(folders: &[PathBuf], locale: &str) -> Result<Self> {
        let family = Self::family_of(locale);
        let face = |style: &str| {
            find(folders, family, style).ok_or_else(|| {
                Error::misconfigured(format!(
                    "the font '{family}' ({style}) is not installed, so that no page can be set in {locale}; {PACKAGE}"
                ))
            })
        };
        Ok(Self { family: family.to_owned(), regular: face("Regular")?, bold: face("Bold")? })
    }
}

/// Where fonts are kept, by the XDG Base Directory Specification, which fontconfig follows too.
fn folders() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = set("HOME").map(PathBuf::from);
    let own = set("XDG_DATA_HOME").map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(".local/share")));
    let shared = set("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let data = own.into_iter().chain(std::env::split_paths(&shared));
    data.map(|folder| folder.join("fonts")).chain(home.map(|home| home.join(".fonts"))).collect()
}

/// The face of a family and a style: in the collection of all regions, or in a file of its own.
fn find(folders: &[PathBuf], family: &str, style: &str) -> Option<Face> {
    let region = family.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let wanted = [format!("NotoSansCJK-{style}.ttc"), format!("NotoSansCJK{region}-{style}.otf")];
    let mut folders = folders.to_vec();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        // Links to folders are not followed: they may lead in circles.
        let mut entries: Vec<_> =
            entries.filter_map(|entry| Some((entry.path(), entry.file_type().ok()?.is_dir()))).collect();
        entries.sort();
        for (path, is_folder) in entries {
            if is_folder {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| wanted.iter().any(|own| name == own.as_str()))
                && let Some(face) = read(&path, family)
            {
                return Some(face);
            }
        }
    }
    None
}

/// The face of a file that bears the family's name.
fn read(path: &Path, family: &str) -> Option<Face> {
    let bytes = std::fs::read(path).ok()?;
    let count = ttf_parser::fonts_in_collection(&bytes).unwrap_or(1);
    let bears = |index: &u32| {
        ttf_parser::Face::parse(&bytes, *index).is_ok_and(|face| {
            face.names().into_iter().any(|name| name.is_unicode() && name.to_string().as_deref() == Some(family))
        })
    };
    let index = (0..count).find(bears)?;
    Some(Face { bytes: Arc::new(bytes), index })
}

/// The faces of English, read once for all tests.
#[cfg(test)]
pub(super) fn of_tests() -> &'static Faces {
    static FACES: std::sync::OnceLock<Faces> = std::sync::OnceLock::new();
    FACES.get_or_init(|| Faces::find("en").unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn the_shapes_are_those_of_the_region() {
        let [tw, cn] = ["zh-TW", "zh-CN"].map(|locale| Faces::find(locale).unwrap());
        assert_eq!([tw.family.as_str(), cn.family.as_str()], ["Noto Sans CJK TC", "Noto Sans CJK SC"]);
        assert_ne!(tw.regular.index, cn.regular.index);
    }

    #[test]
    fn without_fonts_the_package_is_named() {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("NotoSansCJK-Regular.ttc"), b"no font").unwrap();
        let error = Faces::find_in(&[folder.path().to_path_buf()], "zh-TW").unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured);
        assert!(error.message().contains("Noto Sans CJK TC") && error.message().contains("fonts-noto-cjk"), "{error}");
    }
}
