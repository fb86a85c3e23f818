//! A sample of a report's rows that anybody can draw again. Rows are numbered from 1 in the order of the report; drawn are
//! those whose SHA-256 of `<seed>:<number>` is smallest, which is as good as by lot, needs to know no row but its number, and
//! can be repeated in SQL (`order by sha256('7:' || number) limit 25`). The number stands in the column `population_row`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::warehouse::{Cell, Grid, GridColumn};

/// How many rows are drawn, and by which lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    pub rows: usize,
    pub seed: u64,
}

/// What was drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    pub draw: Draw,
    /// Rows of the report without the sample.
    pub population: u64,
}

/// The rows drawn so far.
pub(super) struct Drawing {
    draw: Draw,
    population: u64,
    columns: Vec<GridColumn>,
    /// By their lot; the number of a row makes it unique.
    drawn: BTreeMap<([u8; 32], u64), Vec<Cell>>,
}

impl Drawing {
    pub(super) fn new(draw: Draw) -> Self {
        Self {
            draw,
            population: 0,
            columns: Vec::new(),
            drawn: BTreeMap::new(),
        }
    }

    /// Whether there was nothing to draw from.
    pub(super) fn is_empty(&self) -> bool {
        self.population == 0
    }

    pub(super) fn offer(&mut self, chunk: Grid) {
        self.columns = chunk.columns;
        for row in chunk.rows {
            self.population += 1;
            let lot: [u8; 32] = Sha256::digest(format!("{}:{}", self.draw.seed, self.population)).into();
            let is_drawn = self.drawn.len() < self.draw.rows
                || self.drawn.last_key_value().is_some_and(|((last, _), _)| lot < *last);
            if is_drawn {
                self.drawn.insert((lot, self.population), row);
            }
            if self.drawn.len() > self.draw.rows {
                self.drawn.pop_last();
            }
        }
    }

    pub(super) fn drawn(self) -> (Sample, Grid) {
        let sample = Sample {
            draw: self.draw,
            population: self.population,
        };
        let mut columns = self.columns;
        columns.push(GridColumn {
            name: "population_row".to_owned(),
            kind: "BIGINT".to_owned(),
        });
        let by_number: BTreeMap<u64, Vec<Cell>> = self.drawn.into_iter().map(|((_, at), row)| (at, row)).collect();
        let numbered = |(at, mut row): (u64, Vec<Cell>)| {
            row.push(Cell::Integer(at.into()));
            row
        };
        let rows = by_number.into_iter().map(numbered).collect();
        (sample, Grid { columns, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: i128, chunk: usize, draw: Draw) -> (Sample, Vec<Vec<Cell>>) {
        let mut drawing = Drawing::new(draw);
        let all: Vec<Vec<Cell>> = (1..=rows).map(|number| vec![Cell::Integer(number)]).collect();
        for rows in all.chunks(chunk) {
            drawing.offer(Grid {
                columns: Vec::new(),
                rows: rows.to_vec(),
            });
        }
        let (sample, grid) = drawing.drawn();
        (sample, grid.rows)
    }

    #[test]
    fn a_sample_depends_on_seed_and_order_alone() {
        let draw = Draw { rows: 5, seed: 7 };
        let (sample, first) = drawn(1_000, 1_000, draw);
        assert_eq!((sample.population, first.len()), (1_000, 5));
        assert_eq!(drawn(1_000, 13, draw).1, first);
        assert_ne!(drawn(1_000, 1_000, Draw { seed: 8, ..draw }).1, first);
        let mut lots: Vec<(String, i128)> = (1..=1_000)
            .map(|number| {
                let lot = Sha256::digest(format!("7:{number}"));
                (lot.iter().map(|byte| format!("{byte:02x}")).collect(), number)
            })
            .collect();
        lots.sort();
        let mut expected: Vec<i128> = lots.iter().take(5).map(|(_, number)| *number).collect();
        expected.sort_unstable();
        let numbers: Vec<Vec<Cell>> = expected
            .iter()
            .map(|number| vec![Cell::Integer(*number), Cell::Integer(*number)])
            .collect();
        assert_eq!(first, numbers);
    }

    #[test]
    fn a_sample_of_more_than_all_is_all() {
        let (sample, rows) = drawn(3, 2, Draw { rows: 25, seed: 1 });
        assert_eq!((sample.population, rows.len()), (3, 3));
        assert_eq!(drawn(3, 2, Draw { rows: 0, seed: 1 }).1.len(), 0);
    }
}
