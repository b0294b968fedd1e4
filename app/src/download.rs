//! What a page offers to take away: a file made while it is asked for.

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    pub file_name: String,
    pub media_type: &'static str,
    pub body: String,
}

/// A table as CSV (RFC 4180), that a spreadsheet opens without running anything in it.
#[derive(Clone, Debug)]
pub struct Csv(String);

impl Csv {
    /// A table with these columns and no rows yet.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        Self(String::new()).row(columns)
    }

    /// With one more row.
    #[must_use]
    pub fn row(mut self, cells: &[impl AsRef<str>]) -> Self {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            self.cell(cell.as_ref());
        }
        self.0.push_str("\r\n");
        self
    }

    /// The file, named without its ending.
    #[must_use]
    pub fn download(self, name: &str) -> Download {
        Download {
            file_name: format!("{name}.csv"),
            media_type: "text/csv; charset=utf-8; header=present",
            body: self.0,
        }
    }

    fn cell(&mut self, text: &str) {
        // A cell that begins like this is a formula to a spreadsheet; a number below zero is not.
        let is_formula =
            text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<i64>().is_err();
        let text = if is_formula { format!("'{text}") } else { text.to_owned() };
        if text.contains([',', '"', '\r', '\n']) {
            self.0.push('"');
            self.0.push_str(&text.replace('"', "\"\""));
            self.0.push('"');
        } else {
            self.0.push_str(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_cells_and_no_formula_runs() {
        let csv = Csv::new(&["work", "calls"])
            .row(&["Salt, and “roads”", "-3"])
            .row(&["=HYPERLINK(\"x\")", "1"])
            .row(&["two\nlines", "@sum"]);
        let file = csv.download("usage");
        assert_eq!(
            file.body,
            "work,calls\r\n\"Salt, and “roads”\",-3\r\n\"'=HYPERLINK(\"\"x\"\")\",1\r\n\
             \"two\nlines\",'@sum\r\n"
        );
        assert_eq!(file.file_name, "usage.csv");
    }
}
