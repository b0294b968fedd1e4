//! A set of uses in one byte, for there is one in every token the gate holds in memory.

use crate::domain::terms::Scope;

/// Uses, each at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether the use is among them.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// The uses that both have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

fn bit(scope: Scope) -> u8 {
    let place = Scope::ALL.iter().position(|&each| each == scope).unwrap_or(0);
    1_u8.checked_shl(u32::try_from(place).unwrap_or(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_its_own_place() {
        for (n, &scope) in Scope::ALL.iter().enumerate() {
            assert_eq!(bit(scope), 1 << n);
            let all_but: Scopes =
                Scope::ALL.iter().copied().filter(|&each| each != scope).collect();
            assert!(!all_but.contains(scope));
            assert!(Scopes::from_iter([scope]).contains(scope));
            assert_eq!(all_but.and(Scopes::from_iter([scope])), Scopes::default());
        }
    }
}
