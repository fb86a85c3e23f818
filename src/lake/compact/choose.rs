//! Which files of a partition are merged. Pure, because it decides what a sync costs: no byte may be written again and again.

use crate::lake::files::LiveFile;

/// Of a merged file.
pub(super) const TARGET_BYTES: u64 = 128 << 20;
/// Of a merged file: so many hashes of rows are held while it is checked.
pub(super) const TARGET_ROWS: u64 = 2_000_000;
/// Loads may leave so many files in a partition before they are merged.
const CROWDED: usize = 16;
/// What is merged then is far smaller than the target, and at least so many files: a load more does not start the next merge.
const CROWDED_BYTES: u64 = TARGET_BYTES / 8;
const CROWDED_FILES: usize = 9;

/// When files are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All small files of months that have ended.
    Ended,
    /// The smallest files of any month that has more of them than readers should open.
    Crowded,
}

/// How much is held and made at once; smaller in tests.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Of the files that are open at once, in memory.
    pub(super) open_bytes: u64,
    /// Of rows that are sorted in memory.
    pub(super) run_bytes: usize,
    /// Of a merged file.
    pub(super) target_bytes: u64,
}

pub(super) const SIZES: Sizes = Sizes {
    open_bytes: 64 << 20,
    run_bytes: 32 << 20,
    target_bytes: TARGET_BYTES,
};

impl Sizes {
    /// After a load, merging must not decide how much memory that takes.
    pub(super) fn of(extent: Extent) -> Self {
        match extent {
            Extent::Ended => SIZES,
            Extent::Crowded => Self {
                open_bytes: 12 << 20,
                run_bytes: 8 << 20,
                ..SIZES
            },
        }
    }
}

/// How many files so many bytes and rows make.
pub(super) fn pieces((bytes, rows): (u64, u64), target_bytes: u64) -> u64 {
    bytes.div_ceil(target_bytes).max(rows.div_ceil(TARGET_ROWS)).max(1)
}

/// The files of one partition to be merged with each other; none where that would not make them fewer.
pub(super) fn choose(mut files: Vec<LiveFile>, extent: Extent) -> Vec<LiveFile> {
    let count = files.len();
    match extent {
        Extent::Ended => files.retain(|file| file.size_bytes < TARGET_BYTES / 2 && file.rows < TARGET_ROWS / 2),
        Extent::Crowded => {
            files.retain(|file| file.size_bytes < CROWDED_BYTES);
            files.sort_by_key(|file| file.size_bytes);
            let is_enough = count > CROWDED && files.len() >= CROWDED_FILES;
            files.truncate(if is_enough { of_a_size(&files) } else { 0 });
        }
    }
    // What a log says of sizes may be any number.
    let total = |size: fn(&LiveFile) -> u64| files.iter().map(size).fold(0, u64::saturating_add);
    let made = pieces((total(|file| file.size_bytes), total(|file| file.rows)), TARGET_BYTES);
    if u64::try_from(files.len()).is_ok_and(|files| made < files) {
        files
    } else {
        Vec::new()
    }
}

/// How many of the smallest go together: a file larger than all before it would be written again for little.
fn of_a_size(files: &[LiveFile]) -> usize {
    let mut sum = 0_u64;
    for (count, file) in files.iter().enumerate() {
        if count >= CROWDED_FILES && file.size_bytes > sum {
            return count;
        }
        sum = sum.saturating_add(file.size_bytes);
    }
    files.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lake::files::Partition;

    fn files(sizes: &[u64]) -> Vec<LiveFile> {
        let file = |(number, size): (usize, &u64)| LiveFile {
            path: format!("{number}"),
            partition: Partition {
                source: "a".to_owned(),
                month: "2025-07".to_owned(),
            },
            size_bytes: *size,
            rows: size / 100,
            bounds: BTreeMap::new(),
        };
        sizes.iter().enumerate().map(file).collect()
    }

    fn chosen(sizes: &[u64], extent: Extent) -> Vec<u64> {
        choose(files(sizes), extent)
            .iter()
            .map(|file| file.size_bytes)
            .collect()
    }

    #[test]
    fn of_a_month_that_has_ended_all_small_files_are_merged_and_no_others() {
        const MIB: u64 = 1 << 20;
        let cases: [(&[u64], &[u64]); 6] = [
            (&[], &[]),
            (&[5], &[]),
            (&[5, 6], &[5, 6]),
            (&[5, 64 * MIB, 6, 200 * MIB], &[5, 6]),
            (&[60 * MIB, 60 * MIB, 60 * MIB], &[60 * MIB, 60 * MIB, 60 * MIB]),
            (&[60 * MIB, 200 * MIB], &[]),
        ];
        for (sizes, expected) in cases {
            assert_eq!(chosen(sizes, Extent::Ended), expected, "{sizes:?}");
        }
    }

    #[test]
    fn rows_that_make_as_many_files_again_stay_as_they_are() {
        let mut many = files(&[1_000, 1_000]);
        many.iter_mut().for_each(|file| file.rows = TARGET_ROWS / 2 - 1);
        assert_eq!(choose(many.clone(), Extent::Ended).len(), 2);
        many.iter_mut().for_each(|file| file.rows = TARGET_ROWS / 2);
        assert!(choose(many, Extent::Ended).is_empty());
    }

    #[test]
    fn a_crowd_is_more_than_sixteen_files_and_its_large_ones_stay() {
        assert!(chosen(&[10; 16], Extent::Crowded).is_empty());
        assert_eq!(chosen(&[10; 17], Extent::Crowded).len(), 17);
        let mut uneven = vec![10; 12];
        uneven.extend([1_000, 2_000, 4_000, 8_000, 16_000]);
        assert_eq!(chosen(&uneven, Extent::Crowded), [10; 12]);
        let mut large = vec![CROWDED_BYTES; 12];
        large.extend([10; 8]);
        assert!(chosen(&large, Extent::Crowded).is_empty(), "too few small ones");
    }

    /// A file an hour for a month: what is written again stays a small multiple of what came in, and so do the merges.
    #[test]
    fn a_month_of_hours_is_written_again_only_a_few_times() {
        for size in [20_000, 400_000] {
            let (mut sizes, mut written, mut merges, mut most) = (Vec::new(), 0, 0, 0);
            for _ in 0..720 {
                sizes.push(size);
                let merged = chosen(&sizes, Extent::Crowded);
                if merged.is_empty() {
                    continue;
                }
                for size in &merged {
                    let at = sizes.iter().position(|other| other == size).unwrap();
                    sizes.swap_remove(at);
                }
                let sum = merged.iter().sum::<u64>();
                assert!(merged.len() > 8);
                sizes.push(sum);
                written += sum;
                merges += 1;
                most = most.max(sizes.len());
            }
            assert!(written < 5 * 720 * size, "{written} for {}", 720 * size);
            assert!(merges < 100 && most <= 24, "{merges} merges, {most} files");
        }
    }
}
