//! A table as text: comma-separated values (RFC 4180), read row by row.
//!
//! Always true: reading never fails and never loses a row; what is malformed is read as literally
//! as it can be, and each row knows the line it begins on.

/// A row, and the line of the text it begins on, counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    pub line: usize,
    pub cells: Vec<String>,
}

/// The rows of a table.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Sheet<'a> {
    /// Begins to read; a byte order mark is passed over.
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 }
    }

    /// One cell; answers whether its row goes on.
    fn cell(&mut self) -> (String, bool) {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted);
        }
        self.plain()
    }

    fn quoted(&mut self, after: &'a str) -> (String, bool) {
        let mut cell = String::new();
        let mut rest = after;
        loop {
            let Some(end) = rest.find('"') else {
                // It was never closed: everything belongs to it.
                cell.push_str(rest);
                self.rest = "";
                return (cell, false);
            };
            cell.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('"') {
                Some(further) => {
                    cell.push('"');
                    rest = further;
                }
                None => break,
            }
        }
        self.line += cell.matches('\n').count();
        self.rest = rest;
        // Whatever stands behind the quote and before the comma is kept.
        let (tail, goes_on) = self.plain();
        (cell + &tail, goes_on)
    }

    /// Up to the next comma or line break.
    fn plain(&mut self) -> (String, bool) {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let cell = &self.rest[..end];
        let goes_on = self.rest[end..].starts_with(',');
        self.pass(end);
        let cell = if goes_on { cell } else { cell.strip_suffix('\r').unwrap_or(cell) };
        (cell.to_owned(), goes_on)
    }

    /// Goes behind the comma or the line break at `end`.
    fn pass(&mut self, end: usize) {
        let separator = usize::from(end < self.rest.len());
        if self.rest[end..].starts_with('\n') {
            self.line += 1;
        }
        self.rest = &self.rest[end + separator..];
    }
}

impl Iterator for Sheet<'_> {
    type Item = SheetRow;

    fn next(&mut self) -> Option<SheetRow> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            let (cell, goes_on) = self.cell();
            cells.push(cell);
            if !goes_on {
                return Some(SheetRow { line, cells });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        Sheet::new(text).map(|row| row.cells).collect()
    }

    #[test]
    fn the_forms_of_a_row_are_read() {
        for (text, expected) in [
            ("", vec![]),
            ("a,b\r\nc,d\r\n", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("\u{feff}a\nb", vec![vec!["a"], vec!["b"]]),
            ("a,\n,b", vec![vec!["a", ""], vec!["", "b"]]),
            ("\"a,\"\"b\"\"\nc\",d", vec![vec!["a,\"b\"\nc", "d"]]),
            ("\"a", vec![vec!["a"]]),
            ("\"a\" b,c", vec![vec!["a b", "c"]]),
            ("a\"b,c", vec![vec!["a\"b", "c"]]),
            ("\n\n", vec![vec![""], vec![""]]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_knows_its_line() {
        let lines: Vec<_> = Sheet::new("a\n\"b\nb\",1\nc").map(|row| row.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            table in prop::collection::vec(prop::collection::vec("[ -~\n]{0,8}", 1..4), 0..6),
        ) {
            let text: String = table
                .iter()
                .map(|row| {
                    let cells = row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
                    cells.collect::<Vec<_>>().join(",") + "\r\n"
                })
                .collect();
            prop_assert_eq!(rows(&text), table);
        }

        #[test]
        fn anything_is_read_to_its_end(text in "[\",\r\na\u{e9}]{0,40}") {
            let last = Sheet::new(&text).last();
            prop_assert!(last.is_none_or(|row| row.line <= text.matches('\n').count() + 1));
        }
    }
}
