//! What a column can hold: each type as it is stored, and as it comes back.

use chrono::{DateTime, Utc};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use uuid::Uuid;

use super::Cell;
use crate::domain::{ids::TypedId, metering::FreeReason, terms::Scope};

impl Cell for i64 {
    type Column = Int64Type;
    const COLUMN: &'static str = "required int64 %;";

    fn stored(&self) -> Option<i64> {
        Some(*self)
    }

    fn restored(stored: Option<i64>) -> Option<Self> {
        stored
    }
}

impl Cell for bool {
    type Column = BoolType;
    const COLUMN: &'static str = "required boolean %;";

    fn stored(&self) -> Option<Self> {
        Some(*self)
    }

    fn restored(stored: Option<Self>) -> Option<Self> {
        stored
    }
}

impl Cell for DateTime<Utc> {
    type Column = Int64Type;
    const COLUMN: &'static str = "required int64 % (TIMESTAMP(MICROS,true));";

    fn stored(&self) -> Option<i64> {
        Some(self.timestamp_micros())
    }

    fn restored(stored: Option<i64>) -> Option<Self> {
        Self::from_timestamp_micros(stored?)
    }
}

impl Cell for String {
    type Column = ByteArrayType;
    const COLUMN: &'static str = "required byte_array % (STRING);";

    fn stored(&self) -> Option<ByteArray> {
        Some(self.as_str().into())
    }

    fn restored(stored: Option<ByteArray>) -> Option<Self> {
        stored?.as_utf8().ok().map(str::to_owned)
    }
}

impl Cell for Option<String> {
    type Column = ByteArrayType;
    const COLUMN: &'static str = "optional byte_array % (STRING);";
    const NULLABLE: bool = true;

    fn stored(&self) -> Option<ByteArray> {
        self.as_deref().map(ByteArray::from)
    }

    fn restored(stored: Option<ByteArray>) -> Option<Self> {
        match stored {
            Some(text) => String::restored(Some(text)).map(Some),
            None => Some(None),
        }
    }
}

impl Cell for Option<i32> {
    type Column = Int32Type;
    const COLUMN: &'static str = "optional int32 %;";
    const NULLABLE: bool = true;

    fn stored(&self) -> Option<i32> {
        *self
    }

    fn restored(stored: Option<i32>) -> Option<Self> {
        Some(stored)
    }
}

impl<T: TypedId> Cell for T {
    type Column = FixedLenByteArrayType;
    const COLUMN: &'static str = "required fixed_len_byte_array(16) % (UUID);";

    fn stored(&self) -> Option<FixedLenByteArray> {
        Some(ByteArray::from(self.uuid().as_bytes().to_vec()).into())
    }

    fn restored(stored: Option<FixedLenByteArray>) -> Option<Self> {
        Uuid::from_slice(stored?.data()).ok().map(T::from_uuid)
    }
}

impl<T: TypedId> Cell for Option<T> {
    type Column = FixedLenByteArrayType;
    const COLUMN: &'static str = "optional fixed_len_byte_array(16) % (UUID);";
    const NULLABLE: bool = true;

    fn stored(&self) -> Option<FixedLenByteArray> {
        self.as_ref().and_then(T::stored)
    }

    fn restored(stored: Option<FixedLenByteArray>) -> Option<Self> {
        match stored {
            Some(bytes) => T::restored(Some(bytes)).map(Some),
            None => Some(None),
        }
    }
}

impl Cell for Scope {
    type Column = ByteArrayType;
    const COLUMN: &'static str = String::COLUMN;

    fn stored(&self) -> Option<ByteArray> {
        Some(self.as_str().into())
    }

    fn restored(stored: Option<ByteArray>) -> Option<Self> {
        stored?.as_utf8().ok()?.parse().ok()
    }
}

impl Cell for Option<FreeReason> {
    type Column = ByteArrayType;
    const COLUMN: &'static str = <Option<String> as Cell>::COLUMN;
    const NULLABLE: bool = true;

    fn stored(&self) -> Option<ByteArray> {
        self.map(|reason| reason.as_str().into())
    }

    fn restored(stored: Option<ByteArray>) -> Option<Self> {
        match stored {
            Some(text) => text.as_utf8().ok()?.parse().ok().map(Some),
            None => Some(None),
        }
    }
}
