//! The data files of the lake: rows to Parquet bytes, and chosen columns back from the object store. Apart from the Delta
//! log, which only names the files, so that the format of rows has one home.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, TryFutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, MetadataSuffixFetch};
use parquet::arrow::{ArrowWriter, ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;

/// Few enough that one group of wide rows stays small in memory, enough for a scan to run at full speed.
const ROW_GROUP_ROWS: usize = 65_536;
/// Of a file of merged rows: so few that the rows of an hour cost little more to find in it than in a file of that hour.
const MERGED_GROUP_ROWS: usize = 16_384;
const ROW_GROUP_BYTES: usize = 64 << 20;
const ZSTD_LEVEL: i32 = 3;
const READ_ROWS: usize = 8_192;
/// The footers written here fit, so that one request reads them.
const FOOTER_BYTES: usize = 64 << 10;
const CREATED_BY: &str = concat!("trailhouse version ", env!("CARGO_PKG_VERSION"));

/// What to read of a file.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Top-level columns; one the file was written without is left out of the batches.
    pub columns: &'a [&'a str],
    /// Row groups whose statistics show no value of this integer or time column within the range are skipped. Rows outside
    /// it may still come.
    pub within: Option<(&'a str, RangeInclusive<i64>)>,
}

/// One Parquet file of the rows in the order given: zstd, and statistics of the named columns only, so that no other value
/// stands in a footer. The batches have one schema, without the partition columns.
pub fn encode(batches: &[RecordBatch], statistics: &[&str]) -> Result<Vec<u8>> {
    let schema = batches.first().context("no rows to encode")?.schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties(statistics, ROW_GROUP_ROWS)?))?;
    for batch in batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner()?)
}

/// As [`encode`], for rows that come bit by bit: the bytes may be taken out of the writer whenever there are any.
pub fn encoder(schema: SchemaRef, statistics: &[&str]) -> Result<ArrowWriter<Vec<u8>>> {
    let properties = properties(statistics, MERGED_GROUP_ROWS)?;
    Ok(ArrowWriter::try_new(Vec::new(), schema, Some(properties))?)
}

fn properties(statistics: &[&str], group_rows: usize) -> Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_max_row_group_row_count(Some(group_rows))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_created_by(CREATED_BY.to_owned())
        .set_statistics_enabled(EnabledStatistics::None);
    for column in statistics {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(*column), EnabledStatistics::Chunk);
    }
    Ok(properties.build())
}

/// All columns of a file, so many rows at a time.
pub async fn read_whole(
    store: Arc<dyn ObjectStore>,
    path: Path,
    rows: usize,
) -> Result<impl Stream<Item = Result<RecordBatch>> + use<>> {
    let name = path.to_string();
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(ObjectReader { store, path }, options()).await;
    let builder = builder.with_context(|| format!("{name}: reading the footer"))?;
    let stream = builder.with_batch_size(rows).build()?;
    Ok(stream.map_err(move |error| anyhow::Error::new(error).context(format!("{name}: reading rows"))))
}

/// The names of a file's columns, by its footer alone.
pub async fn columns_of(store: Arc<dyn ObjectStore>, path: Path) -> Result<Vec<String>> {
    let name = path.to_string();
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(ObjectReader { store, path }, options()).await;
    let builder = builder.with_context(|| format!("{name}: reading the footer"))?;
    let fields = builder.schema().fields().iter();
    Ok(fields.map(|field| field.name().clone()).collect())
}

/// Other writers note Arrow types of their own beside those of Parquet, such as views of texts; they are not followed.
fn options() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

/// Opens a file and reads the selected columns in ranges, a few thousand rows at a time and in the file's column order.
pub async fn read_columns(
    store: Arc<dyn ObjectStore>,
    path: Path,
    selection: &Selection<'_>,
) -> Result<impl Stream<Item = Result<RecordBatch>> + use<>> {
    let name = path.to_string();
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(ObjectReader { store, path }, options()).await;
    let builder = builder.with_context(|| format!("{name}: reading the footer"))?;
    let fields = builder.schema().fields().iter().enumerate();
    let roots = fields
        .filter(|(_, field)| selection.columns.contains(&field.name().as_str()))
        .map(|(index, _)| index);
    let projection = ProjectionMask::roots(builder.parquet_schema(), roots.collect::<Vec<_>>());
    let groups = builder.metadata().row_groups().iter().enumerate();
    let groups = groups
        .filter(|(_, group)| may_match(group, selection))
        .map(|(index, _)| index)
        .collect();
    let stream = builder
        .with_projection(projection)
        .with_row_groups(groups)
        .with_batch_size(READ_ROWS)
        .build()?;
    Ok(stream.map_err(move |error| anyhow::Error::new(error).context(format!("{name}: reading rows"))))
}

fn may_match(group: &RowGroupMetaData, selection: &Selection<'_>) -> bool {
    let Some((column, range)) = &selection.within else {
        return true;
    };
    let chunk = group
        .columns()
        .iter()
        .find(|chunk| chunk.column_path().parts() == [*column]);
    match chunk.and_then(|chunk| chunk.statistics()) {
        Some(Statistics::Int64(values)) => match (values.min_opt(), values.max_opt()) {
            (Some(least), Some(greatest)) => least <= range.end() && greatest >= range.start(),
            _ => true,
        },
        _ => true,
    }
}

/// A file in the object store, read by ranges.
struct ObjectReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for ObjectReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.store.get_range(&self.path, range).map_err(external).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let reader = ParquetMetaDataReader::new()
                .with_arrow_reader_options(options)
                .with_prefetch_hint(Some(FOOTER_BYTES));
            Ok(Arc::new(reader.load_via_suffix_and_finish(self).await?))
        }
        .boxed()
    }
}

impl MetadataSuffixFetch for &mut ObjectReader {
    fn fetch_suffix(&mut self, suffix: usize) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move {
            let suffix = u64::try_from(suffix).map_err(|error| ParquetError::External(Box::new(error)))?;
            let options = GetOptions {
                range: Some(GetRange::Suffix(suffix)),
                ..GetOptions::default()
            };
            let found = self.store.get_opts(&self.path, options).await.map_err(external)?;
            found.bytes().await.map_err(external)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::Int64Type;
    use object_store::memory::InMemory;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;

    const ROWS: i64 = 70_000;

    fn rows() -> RecordBatch {
        let columns: [(&str, ArrayRef); 3] = [
            ("load", Arc::new(Int64Array::from_iter_values(0..ROWS))),
            (
                "raw",
                Arc::new(StringArray::from_iter_values(
                    (0..ROWS).map(|row| format!("{{\"secret\":{row}}}")),
                )),
            ),
            (
                "logged_at",
                Arc::new(TimestampMicrosecondArray::from_iter_values(0..ROWS).with_timezone("UTC")),
            ),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    async fn read(store: &Arc<InMemory>, selection: &Selection<'_>) -> Vec<RecordBatch> {
        let store: Arc<dyn ObjectStore> = store.clone();
        let stream = read_columns(store, Path::from("rows.parquet"), selection)
            .await
            .unwrap();
        stream.try_collect().await.unwrap()
    }

    async fn stored() -> Arc<InMemory> {
        let store = Arc::new(InMemory::new());
        let bytes = encode(&[rows()], &["load", "logged_at"]).unwrap();
        store.put(&Path::from("rows.parquet"), bytes.into()).await.unwrap();
        store
    }

    #[tokio::test]
    async fn the_selected_columns_come_back_whole() {
        let store = stored().await;
        let all = Selection {
            columns: &["load", "raw", "logged_at"],
            within: None,
        };
        let batches = read(&store, &all).await;
        assert_eq!(
            arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap(),
            rows()
        );
        let chosen = Selection {
            columns: &["logged_at", "load", "added_later"],
            within: None,
        };
        let names = read(&store, &chosen).await[0]
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect::<Vec<_>>();
        assert_eq!(names, ["load", "logged_at"]);
    }

    #[tokio::test]
    async fn row_groups_outside_the_range_are_skipped() {
        let store = stored().await;
        let cases = [
            (Some(("logged_at", 0..=10)), Some(0), ROW_GROUP_ROWS),
            (Some(("load", ROWS - 1..=ROWS)), Some(65_536), 70_000 - ROW_GROUP_ROWS),
            (Some(("load", ROWS..=ROWS)), None, 0),
            (Some(("absent", 0..=0)), Some(0), 70_000),
            (None, Some(0), 70_000),
        ];
        for (within, first, count) in cases {
            let batches = read(
                &store,
                &Selection {
                    columns: &["load"],
                    within: within.clone(),
                },
            )
            .await;
            let found = batches
                .first()
                .map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
            let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
            assert_eq!((found, total), (first, count), "{within:?}");
        }
    }

    #[test]
    fn a_footer_tells_of_the_named_columns_only() {
        let bytes = encode(&[rows()], &["load", "logged_at"]).unwrap();
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let metadata = reader.metadata();
        assert_eq!(metadata.num_row_groups(), 2);
        assert_eq!(metadata.file_metadata().created_by(), Some(CREATED_BY));
        let group = metadata.row_group(0);
        let told = group
            .columns()
            .iter()
            .map(|chunk| chunk.statistics().is_some())
            .collect::<Vec<_>>();
        assert_eq!(told, [true, false, true]);
        assert_eq!(group.column(1).compression().to_string(), "ZSTD(ZstdLevel(1))");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let selection = Selection {
            columns: &["load"],
            within: None,
        };
        let Err(error) = read_columns(store, Path::from("gone.parquet"), &selection).await else {
            panic!("read a file that is not there");
        };
        assert_eq!(error.to_string(), "gone.parquet: reading the footer");
    }
}
