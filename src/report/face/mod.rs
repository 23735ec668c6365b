//! The two faces that a report is set in, one family for Latin and Han.

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
#[derive(Debug, Clone)]
pub struct Face {
    /// The whole file, a collection as a rule.
    pub bytes: Arc<Vec<u8>>,
    /// Which face of the collection.
    pub index: u32,
}

/// Where systems keep fonts.
const FOLDERS: [&str; 3] = ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fonts-noto-cjk"];

impl Faces {
    /// The family's name in a locale: the shapes of Han characters differ between Taiwan and the mainland.
    pub fn family(locale: &str) -> &'static str {
        if locale == "zh-CN" { "Noto Sans CJK SC" } else { "Noto Sans CJK TC" }
    }

    /// Finds the faces of a locale among the system's fonts.
    ///
    /// # Errors
    /// Misconfigured: they are not installed; says what to install.
    pub fn find(locale: &str) -> Result<Self> {
        let family = Self::family(locale);
        let regular = find(family, "Regular");
        let bold = find(family, "Bold");
        match (regular, bold) {
            (Some(regular), Some(bold)) => Ok(Self { family: family.to_owned(), regular, bold }),
            _ => Err(Error::misconfigured(format!(
                "the font '{family}' is not installed, so nothing can be drawn; install Debian's package fonts-noto-cjk"
            ))),
        }
    }
}

/// The face of a family and a style.
fn find(family: &str, style: &str) -> Option<Face> {
    let wanted = format!("NotoSansCJK-{style}.ttc");
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name.to_string_lossy() == wanted)
                && let Some(face) = read(&path, family)
            {
                return Some(face);
            }
        }
    }
    None
}

/// The face of a collection that bears the family's name.
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
