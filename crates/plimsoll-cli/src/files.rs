//! Reading inputs of bounded size, and writing files whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll::model::error::MAX_INPUT_BYTES;
use plimsoll::{InputCode, InputError};

/// Stands for standard input.
pub const STDIN: &str = "-";

/// How an error names a path: `-` is standard input.
pub fn origin(path: &str) -> &str {
    if path == STDIN { "standard input" } else { path }
}

/// Reads a file, or standard input for `-`. A file that says it is too large is not opened; a stream
/// is not read beyond the limit.
pub fn read(path: &str) -> Result<Vec<u8>, InputError> {
    let unreadable = |error: &io::Error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        InputError::new(InputCode::Missing, why).from_origin(origin(path))
    };
    if path == STDIN {
        return read_at_most(io::stdin().lock(), path).map_err(|error| unreadable(&error))?;
    }
    let about = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if about.is_dir() {
        let message = "a folder, not a file";
        return Err(InputError::new(InputCode::Malformed, message).from_origin(path));
    }
    if about.len() > MAX_INPUT_BYTES as u64 {
        return Err(too_large(path, &about.len().to_string()));
    }
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    read_at_most(file, path).map_err(|error| unreadable(&error))?
}

fn read_at_most(reader: impl Read, path: &str) -> io::Result<Result<Vec<u8>, InputError>> {
    let mut bytes = Vec::new();
    reader.take(MAX_INPUT_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_INPUT_BYTES {
        return Ok(Err(too_large(path, &format!("more than {MAX_INPUT_BYTES}"))));
    }
    Ok(Ok(bytes))
}

fn too_large(path: &str, bytes: &str) -> InputError {
    let limit = MAX_INPUT_BYTES >> 20;
    let message = format!("{bytes} bytes; the limit is {MAX_INPUT_BYTES} bytes ({limit} MiB)");
    InputError::new(InputCode::TooLarge, message).from_origin(origin(path))
}

/// Writes a file so that a reader sees the old content or the new, never a part: into a new file
/// beside it, which then takes its name.
pub fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    try_write(path, content).with_context(|| format!("{}: cannot be written", path.display()))
}

fn try_write(path: &Path, content: &str) -> io::Result<()> {
    // Where the name is a link, what it points to is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        Ok(about) if about.is_dir() => return Err(io::Error::other("it is a folder")),
        // A pipe or a device has no content to replace.
        Ok(about) if !about.is_file() => return fs::write(&target, content),
        _ => {}
    }
    let beside = beside(&target)?;
    let mut file = File::create_new(&beside)?;
    let written = file
        .write_all(content.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let name = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
    Ok(target.with_file_name(name))
}
