//! Which form of a sentence goes with a number: the rule in the head of a file of sentences, an
//! expression of C over `n` (GNU gettext, section 11.2.6).

/// The rule of a language. Like English unless a file says otherwise: one, and all else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plural {
    forms: usize,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    N,
    Number(u64),
    Not(Box<Self>),
    Choice(Box<Self>, Box<Self>, Box<Self>),
    Both(&'static str, Box<Self>, Box<Self>),
}

/// Operators of two sides, those that bind least first.
const LEVELS: [&[&str]; 6] =
    [&["||"], &["&&"], &["==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];
/// How deep a rule may be nested.
const DEPTH_MAX: u8 = 32;

impl Default for Plural {
    fn default() -> Self {
        let rule = Rule::Both("!=", Box::new(Rule::N), Box::new(Rule::Number(1)));
        Self { forms: 2, rule }
    }
}

impl Plural {
    /// Reads `nplurals=2; plural=(n != 1);`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let forms = parts.next()?.strip_prefix("nplurals=")?.trim().parse().ok()?;
        let mut reader = Reader(parts.next()?.strip_prefix("plural=")?);
        let rule = reader.choice(0)?;
        (reader.0.trim().is_empty() && (1..=6).contains(&forms)).then_some(Self { forms, rule })
    }

    /// How many forms there are.
    pub(super) const fn forms(&self) -> usize {
        self.forms
    }

    /// The form that goes with a number, counted from zero.
    pub(super) fn form(&self, n: u64) -> usize {
        let form = usize::try_from(self.rule.of(n)).unwrap_or(usize::MAX);
        form.min(self.forms - 1)
    }
}

impl Rule {
    fn of(&self, n: u64) -> u64 {
        match self {
            Self::N => n,
            Self::Number(number) => *number,
            Self::Not(inner) => u64::from(inner.of(n) == 0),
            Self::Choice(asked, yes, no) => match asked.of(n) {
                0 => no.of(n),
                _ => yes.of(n),
            },
            Self::Both(sign, left, right) => {
                let (left, right) = (left.of(n), right.of(n));
                match *sign {
                    "||" => u64::from(left != 0 || right != 0),
                    "&&" => u64::from(left != 0 && right != 0),
                    "==" => u64::from(left == right),
                    "!=" => u64::from(left != right),
                    "<=" => u64::from(left <= right),
                    ">=" => u64::from(left >= right),
                    "<" => u64::from(left < right),
                    ">" => u64::from(left > right),
                    "+" => left.saturating_add(right),
                    "-" => left.saturating_sub(right),
                    "*" => left.saturating_mul(right),
                    "/" => left.checked_div(right).unwrap_or_default(),
                    _ => left.checked_rem(right).unwrap_or_default(),
                }
            }
        }
    }
}

/// What is still to be read.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.0.trim_start();
        let taken = rest.strip_prefix(sign);
        self.0 = taken.unwrap_or(rest);
        taken.is_some()
    }

    fn choice(&mut self, depth: u8) -> Option<Rule> {
        let depth = (depth < DEPTH_MAX).then_some(depth + 1)?;
        let asked = self.level(0, depth)?;
        if !self.takes("?") {
            return Some(asked);
        }
        let yes = self.choice(depth)?;
        if !self.takes(":") {
            return None;
        }
        let no = self.choice(depth)?;
        Some(Rule::Choice(Box::new(asked), Box::new(yes), Box::new(no)))
    }

    fn level(&mut self, level: usize, depth: u8) -> Option<Rule> {
        let Some(signs) = LEVELS.get(level) else { return self.single(depth) };
        let mut left = self.level(level + 1, depth)?;
        while let Some(sign) = signs.iter().find(|sign| self.takes(sign)) {
            let right = self.level(level + 1, depth)?;
            left = Rule::Both(sign, Box::new(left), Box::new(right));
        }
        Some(left)
    }

    fn single(&mut self, depth: u8) -> Option<Rule> {
        if self.takes("(") {
            let inner = self.choice(depth)?;
            return self.takes(")").then_some(inner);
        }
        if self.takes("!") {
            let depth = (depth < DEPTH_MAX).then_some(depth + 1)?;
            return Some(Rule::Not(Box::new(self.single(depth)?)));
        }
        if self.takes("n") {
            return Some(Rule::N);
        }
        let rest = self.0.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, rest) = rest.split_at(end);
        self.0 = rest;
        digits.parse().ok().map(Rule::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_counts_in_its_own_way() {
        for (rule, counts, forms) in [
            ("nplurals=1; plural=0;", [0, 1, 2, 5, 21], [0, 0, 0, 0, 0]),
            ("nplurals=2; plural=(n != 1);", [0, 1, 2, 5, 21], [1, 0, 1, 1, 1]),
            ("nplurals=2; plural=n>1;", [0, 1, 2, 5, 21], [0, 0, 1, 1, 1]),
            (
                "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
                [0, 1, 2, 11, 21],
                [2, 0, 1, 2, 0],
            ),
            (
                "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
                [0, 1, 2, 105, 100],
                [0, 1, 2, 3, 5],
            ),
        ] {
            let plural = Plural::parse(rule).unwrap();
            assert_eq!(counts.map(|count| plural.form(count)), forms, "{rule}");
        }
        assert_eq!(Plural::parse("nplurals=2; plural=(n != 1);"), Some(Plural::default()));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let deep = format!("nplurals=2; plural={}n", "(".repeat(100_000));
        for rule in [
            "",
            "nplurals=2",
            "nplurals=9; plural=0",
            "nplurals=2; plural=n!",
            "nplurals=2; plural=(n",
            "nplurals=2; plural=n ? 1",
            &deep,
        ] {
            assert_eq!(Plural::parse(rule), None, "{}", rule.get(..40).unwrap_or(rule));
        }
        assert_eq!(Plural::parse("nplurals=2; plural=n/0").unwrap().form(7), 0);
    }
}
