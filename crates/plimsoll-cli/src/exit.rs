//! How a run ends: what is printed where, and the exit code.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// What a run has to say about the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Exit code 0.
    Fine,
    /// Exit code 1: equity is below maintenance margin.
    UnderMaintenance,
    /// Exit code 1: our numbers are not the venue's.
    Differs,
}

/// Exit code of a refused input, the same that argument errors have.
const WRONG_INPUT: u8 = 2;

/// The longest error message, in characters: a message quotes its input, which may be a whole file.
const MAX_MESSAGE_CHARS: usize = 1000;

/// A finished answer. It is printed only once it is whole.
#[derive(Debug)]
pub struct Answer {
    /// Goes to standard output.
    pub text: String,
    /// Go to standard error, one line each.
    pub remarks: Vec<String>,
    /// Decides the exit code.
    pub status: Status,
}

impl Answer {
    /// An answer that says nothing about a book.
    pub fn text(text: String) -> Self {
        Self { text, remarks: vec![], status: Status::Fine }
    }
}

impl Status {
    /// The status of a book with this flag.
    pub fn under_maintenance(under: bool) -> Self {
        if under { Self::UnderMaintenance } else { Self::Fine }
    }
}

/// Prints the answer or the error and returns the exit code.
pub fn report(outcome: anyhow::Result<Answer>) -> ExitCode {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(error) => {
            complain(&format!("{error:#}"));
            return ExitCode::from(WRONG_INPUT);
        }
    };
    if let Err(error) = print(&answer.text)
        // A reader that has seen enough, such as `head`, is no failure.
        && error.kind() != ErrorKind::BrokenPipe
    {
        complain(&format!("standard output: {error}"));
        return ExitCode::from(WRONG_INPUT);
    }
    for remark in &answer.remarks {
        say(&one_line(remark));
    }
    match answer.status {
        Status::Fine => ExitCode::SUCCESS,
        Status::UnderMaintenance | Status::Differs => ExitCode::FAILURE,
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::AutoStream::auto(io::stdout().lock());
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn complain(message: &str) {
    say(&format!("\x1b[1;31merror\x1b[0m: {}", one_line(message)));
}

fn say(line: &str) {
    // Nothing can be done where standard error is closed.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// A message on one line, without control characters, cut at a length a terminal can show.
fn one_line(message: &str) -> String {
    let clean = crate::format::clean(message);
    match clean.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{} ...", &clean[..end]),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_clean_line_of_bounded_length() {
        assert_eq!(one_line("a\nb\x1b[2Jc"), "a b\\u{1b}[2Jc");
        let long = one_line(&"é".repeat(5000));
        assert_eq!(long.chars().count(), MAX_MESSAGE_CHARS + " ...".len());
    }
}
