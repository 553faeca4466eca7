//! The fields that a size is read from.

use crate::provenance::Source;

/// The fields from which a size is read, and their products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeField {
    /// The field `quantity`.
    Quantity,
    /// The field `qty`.
    Qty,
    /// The field `price`.
    Price,
    /// The field `entry_price`.
    EntryPrice,
    /// The product `quantity*price`.
    QuantityPrice,
    /// The product `quantity*entry_price`.
    QuantityEntryPrice,
    /// The product `qty*price`.
    QtyPrice,
    /// The product `qty*entry_price`.
    QtyEntryPrice,
    /// The field `position_usd`.
    PositionUsd,
    /// `position_usd*leverage`
    PositionUsdLeverage,
    /// `stake_amount`
    StakeAmount,
    /// `stake_amount*leverage`
    StakeAmountLeverage,
    /// `notional/leverage`
    NotionalLeverage,
    /// `size`
    Size,
    /// `size*price`
    SizePrice,
    /// `position_size_usd`
    PositionSizeUsd,
}

impl SizeField {
    /// Returns the field name or the product, such as `quantity*price`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quantity => "quantity",
            Self::Qty => "qty",
            Self::Price => "price",
            Self::EntryPrice => "entry_price",
            Self::QuantityPrice => "quantity*price",
            Self::QuantityEntryPrice => "quantity*entry_price",
            Self::QtyPrice => "qty*price",
            Self::QtyEntryPrice => "qty*entry_price",
            Self::PositionUsd => "position_usd",
            Self::PositionUsdLeverage => "position_usd*leverage",
            Self::StakeAmount => "stake_amount",
            Self::StakeAmountLeverage => "stake_amount*leverage",
            Self::NotionalLeverage => "notional/leverage",
            Self::Size => "size",
            Self::SizePrice => "size*price",
            Self::PositionSizeUsd => "position_size_usd",
        }
    }

    pub(super) const fn source(self) -> Source {
        Source::Intent(self.as_str())
    }
}

impl std::fmt::Display for SizeField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
