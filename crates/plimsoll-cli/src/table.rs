//! Tables, rendered for a terminal or for a page from one description.

use std::fmt::Write;

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

use crate::format::clean;

/// A titled table: text columns to the left, number columns to the right.
#[derive(Clone, Debug)]
pub struct Table {
    title: String,
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Debug)]
struct Column {
    header: String,
    is_number: bool,
}

/// One line under the header, two spaces between columns, nothing else.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

impl Table {
    /// An empty table.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), columns: vec![], rows: vec![] }
    }

    /// Adds a column of words.
    pub fn text(mut self, header: impl Into<String>) -> Self {
        self.columns.push(Column { header: header.into(), is_number: false });
        self
    }

    /// Adds a column of numbers; the header names the unit, on a second line where that keeps the
    /// column narrow.
    pub fn number(mut self, header: impl Into<String>) -> Self {
        self.columns.push(Column { header: header.into(), is_number: true });
        self
    }

    /// Adds a row, one cell per column.
    pub fn push(&mut self, cells: impl Into<Vec<String>>) {
        let cells = cells.into();
        debug_assert_eq!(cells.len(), self.columns.len(), "{}", self.title);
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether it needs the whole width of a page.
    pub fn is_wide(&self) -> bool {
        self.columns.len() > 6
    }

    /// For a terminal: a bold title, the table indented below it, an empty line after it.
    pub fn to_terminal(&self) -> String {
        let mut out = String::new();
        if !self.title.is_empty() {
            out.push_str(&heading(&self.title));
        }
        for line in self.grid().lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.push('\n');
        out
    }

    /// The width of the rendered table in character cells.
    pub fn width(&self) -> usize {
        self.grid().lines().map(|line| line.trim_end().chars().count()).max().unwrap_or(0)
    }

    fn grid(&self) -> comfy_table::Table {
        let mut grid = comfy_table::Table::new();
        grid.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
        if self.has_header() {
            grid.set_header(self.columns.iter().map(|column| column.header.clone()));
        }
        for row in &self.rows {
            grid.add_row(row.iter().map(|cell| cell_text(cell)));
        }
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(shown) = grid.column_mut(index) {
                shown.set_padding((2, 0));
                if column.is_number {
                    shown.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        grid
    }

    /// For a page: a `<table>` with a caption.
    pub fn to_html(&self) -> String {
        let mut out = String::from("<div class=\"table\"><table>");
        let class = |column: usize| match self.columns.get(column) {
            Some(Column { is_number: true, .. }) => " class=\"n\"",
            _ => "",
        };
        if self.has_header() {
            out.push_str("<thead><tr>");
            for (index, column) in self.columns.iter().enumerate() {
                let header = column.header.lines().map(escape).collect::<Vec<_>>().join("<br>");
                // Writing to a string does not fail.
                let _ = write!(out, "<th{}>{header}</th>", class(index));
            }
            out.push_str("</tr></thead>");
        }
        out.push_str("<tbody>");
        for row in &self.rows {
            out.push_str("<tr>");
            for (index, cell) in row.iter().enumerate() {
                let _ = write!(out, "<td{}>{}</td>", class(index), escape(cell));
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>");
        out
    }

    fn has_header(&self) -> bool {
        self.columns.iter().any(|column| !column.header.is_empty())
    }
}

/// A bold line.
pub fn heading(text: &str) -> String {
    format!("\x1b[1m{}\x1b[0m\n", clean(text))
}

/// Keeps the line breaks that a cell was given on purpose.
fn cell_text(cell: &str) -> String {
    cell.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// Text for a page; a percentage stays on one line.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in clean(text).replace(" %", "\u{a0}%").chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("Losses").text("Scenario").number("Loss, USD");
        table.push(["BTC −16 %".into(), "1,000".into()]);
        table.push(["<b>\x1b[2J".into(), "−20".into()]);
        table
    }

    #[test]
    fn numbers_stand_under_each_other_and_their_header() {
        let text = table().to_terminal();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "\x1b[1mLosses\x1b[0m");
        let ends: Vec<usize> = lines[1..5].iter().map(|line| line.chars().count()).collect();
        assert_eq!(ends, [ends[0]; 4], "{text}");
        assert!(lines[4].ends_with(" −20"));
    }

    #[test]
    fn what_a_file_says_is_shown_and_never_obeyed() {
        assert!(!table().to_terminal().contains("\x1b[2J"));
        assert!(table().to_html().contains("&lt;b&gt;\\u{1b}[2J"));
    }
}
