//! What Typst may see: the template, the data, the pictures and two faces. No packages, no files, no clock.

use std::collections::HashMap;
use std::sync::Arc;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use crate::error::{Error, Result};
use crate::report::face::{Face, Faces};

/// A document's world.
pub(super) struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: Source,
    files: HashMap<FileId, Bytes>,
}

/// A font's bytes, shared with whoever measures by them.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Desk {
    /// A world of a template and files, each by its name.
    pub(super) fn new(template: &str, files: Vec<(String, Vec<u8>)>, faces: &Faces) -> Result<Self> {
        let fonts = [font(faces, &faces.regular)?, font(faces, &faces.bold)?].to_vec();
        let mut by_id = HashMap::new();
        for (name, bytes) in files {
            by_id.insert(id(&name)?, Bytes::new(bytes));
        }
        Ok(Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            main: Source::new(id("main.typ")?, template.to_owned()),
            files: by_id,
        })
    }
}

fn font(faces: &Faces, face: &Face) -> Result<Font> {
    Font::new(Bytes::new(Shared(Arc::clone(&face.bytes))), face.index).ok_or_else(|| {
        Error::misconfigured(format!("the font '{}' is damaged; install fonts-noto-cjk again", faces.family))
    })
}

fn id(name: &str) -> Result<FileId> {
    let path =
        VirtualPath::new(name).map_err(|_| Error::internal(format!("'{name}' is no name of a file of a pack")))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// There is nothing on the desk by this name, and there is nowhere else to look.
fn missing(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(missing(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
