//! Rows as Parquet files, and back: one column for each field of a struct, in the order of its fields.
//!
//! A file is written and read in groups of rows, so a reader never holds more than one group.
//! What a file holds is checked as it is read: a column that is missing, named otherwise, of another
//! type or too short is an error, never a default. Damaged bytes are not expected here: whoever opens
//! a file compares its SHA-256 first.

mod cells;

use std::sync::Arc;

use bytes::Bytes;
use parquet::{
    basic::Compression,
    column::reader::ColumnReaderImpl,
    data_type::DataType,
    errors::{ParquetError, Result},
    file::{
        properties::WriterProperties,
        reader::{FileReader as _, RowGroupReader},
        serialized_reader::SerializedFileReader,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
/// The most rows of a group.
pub(super) const ROWS_PER_GROUP: usize = 65_536;

/// A row whose fields are columns. `rows!` makes one.
pub(super) trait Columns: Sized {
    /// The columns in Parquet's schema language.
    fn schema() -> String;
    /// Writes every column of these rows.
    fn write<W: std::io::Write + Send>(
        rows: &[Self],
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()>;
    /// Reads every row of a group.
    fn read(group: &dyn RowGroupReader) -> Result<Vec<Self>>;
}

/// A value that fits a column.
pub(super) trait Cell: Sized {
    type Column: DataType;
    /// Its column in Parquet's schema language; `%` stands for the name.
    const COLUMN: &'static str;
    const NULLABLE: bool = false;
    /// What is stored; nothing for a null.
    fn stored(&self) -> Option<<Self::Column as DataType>::T>;
    /// The value that was stored.
    fn restored(stored: Option<<Self::Column as DataType>::T>) -> Option<Self>;
}

/// A file of these rows, in groups of at most `ROWS_PER_GROUP`. Equal rows make equal files.
pub(super) fn encode<R: Columns>(rows: &[R]) -> Result<Vec<u8>> {
    let schema = Arc::new(parse_message_type(&R::schema())?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("imprimatur".into())
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    for rows in rows.chunks(ROWS_PER_GROUP) {
        let mut group = writer.next_row_group()?;
        R::write(rows, &mut group)?;
        group.close()?;
    }
    writer.into_inner()
}

/// A file, to be read group by group.
pub(super) struct File(SerializedFileReader<Bytes>);

impl File {
    pub(super) fn open(bytes: Bytes) -> Result<Self> {
        SerializedFileReader::new(bytes).map(Self)
    }

    pub(super) fn groups(&self) -> usize {
        self.0.num_row_groups()
    }

    pub(super) fn group<R: Columns>(&self, index: usize) -> Result<Vec<R>> {
        R::read(self.0.get_row_group(index)?.as_ref())
    }
}

/// Writes the next column of a group.
pub(super) fn write_column<W: std::io::Write + Send, C: Cell>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: impl Iterator<Item = C>,
) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has too few columns".into()));
    };
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    for cell in cells {
        let stored = cell.stored();
        levels.push(i16::from(stored.is_some()));
        values.extend(stored);
    }
    let levels = C::NULLABLE.then_some(levels.as_slice());
    column.typed::<C::Column>().write_batch(&values, levels, None)?;
    column.close()
}

/// Reads a column of a group, which must have this name.
pub(super) fn read_column<C: Cell>(
    group: &dyn RowGroupReader,
    index: usize,
    name: &str,
) -> Result<std::vec::IntoIter<C>> {
    let wrong = || ParquetError::General(format!("the column {name} is missing or damaged"));
    let described = group.metadata().columns().get(index).ok_or_else(wrong)?.column_descr();
    let nullable = described.max_def_level() > 0;
    if described.name() != name
        || described.physical_type() != C::Column::get_physical_type()
        || nullable != C::NULLABLE
    {
        return Err(wrong());
    }
    let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| wrong())?;
    let reader = group.get_column_reader(index)?;
    let mut reader: ColumnReaderImpl<C::Column> =
        C::Column::get_column_reader(reader).ok_or_else(wrong)?;
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let levels_wanted = nullable.then_some(&mut levels);
    let (read, ..) = reader.read_records(rows, levels_wanted, None, &mut values)?;
    if read != rows {
        return Err(wrong());
    }
    let mut values = values.into_iter();
    let cells: Option<Vec<C>> = if nullable {
        let stored = |&level: &i16| if level > 0 { values.next().map(Some) } else { Some(None) };
        levels.iter().map(stored).map(|stored| C::restored(stored?)).collect()
    } else {
        values.map(|value| C::restored(Some(value))).collect()
    };
    cells.map(Vec::into_iter).ok_or_else(wrong)
}

macro_rules! rows {
    ($(#[$doc:meta])* $vis:vis struct $name:ident { $($(#[$fdoc:meta])* pub $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        $vis struct $name { $($(#[$fdoc])* pub $field: $type,)+ }

        impl $crate::services::archive::columns::Columns for $name {
            fn schema() -> String {
                use $crate::services::archive::columns::Cell;
                let columns = [$(<$type as Cell>::COLUMN.replace('%', stringify!($field))),+];
                format!("message row {{ {} }}", columns.concat())
            }

            fn write<W: std::io::Write + Send>(
                rows: &[Self],
                group: &mut parquet::file::writer::SerializedRowGroupWriter<'_, W>,
            ) -> parquet::errors::Result<()> {
                use $crate::services::archive::columns::write_column;
                $(write_column(group, rows.iter().map(|row| row.$field.clone()))?;)+
                Ok(())
            }

            fn read(
                group: &dyn parquet::file::reader::RowGroupReader,
            ) -> parquet::errors::Result<Vec<Self>> {
                use $crate::services::archive::columns::read_column;
                let mut index = 0..;
                let mut next = || index.next().unwrap_or_default();
                $(let mut $field = read_column::<$type>(group, next(), stringify!($field))?;)+
                let mut rows = Vec::new();
                while let ($(Some($field),)+) = ($($field.next(),)+) {
                    rows.push(Self { $($field),+ });
                }
                Ok(rows)
            }
        }
    };
}
pub(super) use rows;

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{AssetId, TypedId as _};

    rows! {
        struct Sample {
            pub id: AssetId,
            pub other: Option<AssetId>,
            pub name: String,
            pub note: Option<String>,
            pub count: i64,
            pub small: Option<i32>,
            pub yes: bool,
            pub at: DateTime<Utc>,
        }
    }

    rows! {
        struct Narrower {
            pub id: AssetId,
            pub name: String,
        }
    }

    fn sample() -> impl Strategy<Value = Sample> {
        (
            (any::<u128>(), proptest::option::of(any::<u128>())),
            (".{0,8}", proptest::option::of(".{0,8}")),
            (any::<i64>(), any::<Option<i32>>(), any::<bool>()),
            -10_000_000_000_000_000..10_000_000_000_000_000_i64,
        )
            .prop_map(|(ids, texts, (count, small, yes), micros)| Sample {
                id: AssetId::from_uuid(Uuid::from_u128(ids.0)),
                other: ids.1.map(Uuid::from_u128).map(AssetId::from_uuid),
                name: texts.0,
                note: texts.1,
                count,
                small,
                yes,
                at: DateTime::from_timestamp_micros(micros).unwrap(),
            })
    }

    fn read(bytes: Vec<u8>) -> Vec<Sample> {
        let file = File::open(bytes.into()).unwrap();
        (0..file.groups()).flat_map(|index| file.group::<Sample>(index).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_was_written_is_read(rows in proptest::collection::vec(sample(), 0..50)) {
            let bytes = encode(&rows).unwrap();
            prop_assert_eq!(&encode(&rows).unwrap(), &bytes);
            prop_assert_eq!(read(bytes), rows);
        }
    }

    #[test]
    fn many_rows_are_several_groups() {
        let row = |count| Narrower {
            id: AssetId::from_uuid(Uuid::from_u128(count)),
            name: count.to_string(),
        };
        let rows: Vec<Narrower> = (0..70_000).map(row).collect();
        let file = File::open(encode(&rows).unwrap().into()).unwrap();
        assert_eq!(file.groups(), 2);
        assert_eq!(file.group::<Narrower>(0).unwrap(), rows[..ROWS_PER_GROUP]);
        assert_eq!(file.group::<Narrower>(1).unwrap(), rows[ROWS_PER_GROUP..]);
        assert!(file.group::<Sample>(0).is_err());
    }
}
