//! The characters of an XML file whatever encoding it really has.

use std::borrow::Cow;

use plimsoll_model::error::{InputCode, InputError};

/// The bytes after a UTF-8 byte-order mark.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The text of an XML file: UTF-8 where it is valid, whatever the declaration says, since files are
/// re-encoded without being edited; else by the declared single-byte encoding.
///
/// # Errors
/// `malformed` where it is not UTF-8 and no known single-byte encoding is declared.
pub fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, InputError> {
    let bytes = without_mark(bytes);
    let offset = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error.valid_up_to(),
    };
    let declared = declared_encoding(bytes).unwrap_or_default();
    let turkish = match declared.to_ascii_lowercase().as_str() {
        "iso-8859-1" | "latin1" | "us-ascii" | "windows-1252" => false,
        "iso-8859-9" | "latin5" | "windows-1254" => true,
        _ => {
            let message = format!(
                "the byte at offset {offset} is not UTF-8, and the declared encoding `{declared}` \
                 is not one that is read"
            );
            return Err(InputError::new(InputCode::Malformed, message)
                .hint("UTF-8, ISO-8859-1 and ISO-8859-9 are read"));
        }
    };
    Ok(bytes.iter().map(|byte| if turkish { latin5(*byte) } else { char::from(*byte) }).collect())
}

/// ISO-8859-9 is ISO-8859-1 but for six letters.
fn latin5(byte: u8) -> char {
    match byte {
        0xd0 => 'Ğ',
        0xdd => 'İ',
        0xde => 'Ş',
        0xf0 => 'ğ',
        0xfd => 'ı',
        0xfe => 'ş',
        other => char::from(other),
    }
}

/// The encoding named in `<?xml … encoding="…"?>`.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    // A declaration is short and stands first.
    let head = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).into_owned();
    let (declaration, _) = head.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Some(value[1..].split_once(quote)?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_wins_over_the_declaration_and_single_bytes_follow_it() {
        let with = |encoding: &str, body: &[u8]| {
            let head = format!("<?xml version='1.0' encoding='{encoding}'?>");
            [head.as_bytes(), body].concat()
        };
        let text = |bytes: &[u8]| decoded(bytes).map(Cow::into_owned);
        assert!(text(&with("ISO-8859-1", "ş".as_bytes())).unwrap().ends_with('ş'));
        assert!(text(&with("ISO-8859-1", b"\xfe")).unwrap().ends_with('þ'));
        assert!(text(&with("iso-8859-9", b"\xfe\xd0\xe7")).unwrap().ends_with("şĞç"));
        assert!(text(&[b"\xef\xbb\xbf".as_slice(), b"<a/>"].concat()).unwrap().starts_with('<'));
        let refused = text(&with("utf-16", b"\xff")).unwrap_err();
        assert_eq!(refused.code, InputCode::Malformed);
        assert!(refused.message.contains("`utf-16`"), "{refused}");
        assert!(text(b"\xff\xfe<").is_err());
    }
}
