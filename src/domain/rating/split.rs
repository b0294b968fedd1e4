//! Dividing an amount by shares, to the micro.

/// Divides an amount by shares (largest remainder): the parts add up to the whole, and each is less
/// than one micro from its exact share. Of equal remainders the first is served first. Where no share
/// counts for anything there are no parts.
pub fn split(micros: i64, shares: &[u32]) -> Option<Vec<i64>> {
    let sum: i128 = shares.iter().map(|share| i128::from(*share)).sum();
    if sum == 0 {
        return None;
    }
    let exact = |share: &u32| i128::from(micros) * i128::from(*share);
    let mut parts: Vec<i128> = shares.iter().map(|share| exact(share).div_euclid(sum)).collect();
    let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
    by_remainder.sort_by_key(|&at| std::cmp::Reverse(exact(&shares[at]).rem_euclid(sum)));
    let left = i128::from(micros) - parts.iter().sum::<i128>();
    for at in by_remainder.into_iter().take(usize::try_from(left).ok()?) {
        parts[at] += 1;
    }
    parts.into_iter().map(|part| i64::try_from(part).ok()).collect()
}
