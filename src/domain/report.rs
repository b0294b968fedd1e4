//! What a report of use can be asked for: which sum counts, and what it is broken down by.

use super::{
    error::{Kind, Refusal},
    metering::Totals,
    text::text_enum,
};

text_enum! {
    /// A sum of use.
    pub enum Metric("metric") {
        Calls = "calls",
        Pages = "pages",
        Tokens = "tokens",
        Bytes = "bytes",
        TrainingExamples = "training_examples",
        InferenceRequests = "inference_requests",
        BillableUnits = "billable_units",
        CacheHits = "cache_hits",
        /// Millionths, added up.
        Attribution = "attribution",
    }
}

impl Metric {
    /// This one of the sums.
    pub const fn of(self, totals: &Totals) -> i64 {
        match self {
            Self::Calls => totals.calls,
            Self::Pages => totals.pages,
            Self::Tokens => totals.tokens,
            Self::Bytes => totals.bytes,
            Self::TrainingExamples => totals.training_examples,
            Self::InferenceRequests => totals.inference_requests,
            Self::BillableUnits => totals.billable_units,
            Self::CacheHits => totals.cache_hits,
            Self::Attribution => totals.attribution_sum,
        }
    }
}

text_enum! {
    /// What use is told apart by.
    pub enum Dimension("dimension") {
        Asset = "asset",
        License = "license",
        /// The buyer for a creator, the creator for a buyer.
        Counterparty = "counterparty",
        Scope = "scope",
        Region = "region",
        Model = "model",
        ConsumerClass = "consumer_class",
    }
}

impl Dimension {
    /// Whether it tells no buyer's use from another's.
    pub const fn is_coarse(self) -> bool {
        match self {
            Self::Asset | Self::Scope => true,
            Self::License
            | Self::Counterparty
            | Self::Region
            | Self::Model
            | Self::ConsumerClass => false,
        }
    }
}

/// One dimension, or two different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions(Dimension, Option<Dimension>);

impl Dimensions {
    /// By this one alone.
    pub const fn one(dimension: Dimension) -> Self {
        Self(dimension, None)
    }

    /// By both together.
    pub fn two(first: Dimension, second: Dimension) -> Result<Self, Refusal> {
        if first == second {
            return Err(Refusal::new(
                Kind::Malformed,
                "same_dimension",
                t!("Choose two different dimensions, or one."),
            ));
        }
        Ok(Self(first, Some(second)))
    }

    /// The one or two, in order.
    pub fn iter(self) -> impl Iterator<Item = Dimension> {
        [Some(self.0), self.1].into_iter().flatten()
    }

    /// Whether this is one of them.
    pub fn has(self, dimension: Dimension) -> bool {
        self.iter().any(|each| each == dimension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_different() {
        let refusal = Dimensions::two(Dimension::Model, Dimension::Model).unwrap_err();
        assert_eq!(refusal.code, "same_dimension");
        let two = Dimensions::two(Dimension::Model, Dimension::Region).unwrap();
        assert!(two.iter().eq([Dimension::Model, Dimension::Region]));
        assert!(two.has(Dimension::Region) && !two.has(Dimension::Asset));
        assert!(Dimensions::one(Dimension::Asset).iter().eq([Dimension::Asset]));
    }

    #[test]
    fn every_metric_is_one_of_the_sums() {
        let totals = Totals {
            calls: 1,
            pages: 2,
            tokens: 3,
            bytes: 4,
            training_examples: 5,
            inference_requests: 6,
            billable_units: 7,
            cache_hits: 8,
            attribution_sum: 9,
            attribution_count: 10,
        };
        let sums: Vec<i64> = Metric::ALL.iter().map(|metric| metric.of(&totals)).collect();
        assert_eq!(sums, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}
