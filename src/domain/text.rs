//! Text that people type, made safe to keep: trimmed, bounded, without control characters.
//!
//! PostgreSQL cannot store NUL, and what nobody can see must not make two names look like one, so
//! both are refused here, with a sentence that names the field.

use super::error::Refusal;

/// One line of at most `length_max` characters, not empty.
pub fn line(field: &'static str, text: &str, length_max: usize) -> Result<String, Refusal> {
    let text = optional_line(field, text, length_max)?;
    if !text.chars().any(|c| !joins(c)) {
        return Err(Refusal::invalid(field, t!("Fill this in.")));
    }
    Ok(text)
}

/// One line of at most `length_max` characters; empty is fine.
pub fn optional_line(
    field: &'static str,
    text: &str,
    length_max: usize,
) -> Result<String, Refusal> {
    bounded(field, text, length_max, |c| !is_invisible(c))
}

/// Several lines of at most `length_max` characters together; empty is fine.
pub fn paragraphs(field: &'static str, text: &str, length_max: usize) -> Result<String, Refusal> {
    let text = text.replace("\r\n", "\n");
    bounded(field, &text, length_max, |c| !is_invisible(c) || c == '\n' || c == '\t')
}

/// Whether nobody can see the character: controls, blanks without width, and what turns the
/// direction of reading around (Unicode Technical Report 36, section 2.9). Joiners and direction
/// marks stay: Persian, Hindi and emoji are spelt with them.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether the character only shapes its neighbours.
const fn joins(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}')
}

fn bounded(
    field: &'static str,
    text: &str,
    length_max: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<String, Refusal> {
    let text = text.trim();
    if let Some(odd) = text.chars().find(|&c| !allowed(c)) {
        return Err(Refusal::invalid(
            field,
            t!("Remove the invisible character U+{odd:04X}.", odd = u32::from(odd)),
        ));
    }
    let length = text.chars().count();
    if length > length_max {
        return Err(Refusal::invalid(
            field,
            t!("Shorten this to {length_max} characters; it has {length}."),
        ));
    }
    Ok(text.to_owned())
}

/// Gives an enum its stable names: as text in the database, on the wire and in forms.
macro_rules! text_enum {
    ($(#[$doc:meta])* $vis:vis enum $name:ident ($noun:literal) { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text"))]
        $vis enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] #[cfg_attr(feature = "ssr", sqlx(rename = $text))] $variant,)+
        }

        impl $name {
            /// Every value, in the order they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::error::Refusal;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::error::Refusal::not_listed($noun)),
                }
            }
        }
    };
}
pub(crate) use text_enum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_kept() {
        assert_eq!(line("title", "  The Salt Roads ", 20).unwrap(), "The Salt Roads");
        assert_eq!(paragraphs("about", "a\r\nb", 20).unwrap(), "a\nb");
        assert_eq!(optional_line("note", "   ", 5).unwrap(), "");
    }

    #[test]
    fn bad_text_is_refused_by_field() {
        for (text, part) in [
            ("", "Fill"),
            ("\u{200d}", "Fill"),
            ("a\0b", "U+0000"),
            ("a\nb", "U+000A"),
            ("a\u{200b}b", "U+200B"),
            ("a\u{202e}b", "U+202E"),
            ("abcdef", "5"),
        ] {
            let refusal = line("title", text, 5).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("title"));
            assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
        }
    }

    #[test]
    fn what_shapes_words_stays() {
        for text in ["می\u{200c}خواهم", "👩\u{200d}🔬", "שלום\u{200f}!"] {
            assert_eq!(line("title", text, 20).unwrap(), text);
        }
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(line("title", "ÅÅÅÅÅ", 5).is_ok());
    }
}
