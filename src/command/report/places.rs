//! Which report goes where: the `--output` of `report run`, one or more for one or more reports.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::super::Failure;
use super::super::output::{format_of, real};
use crate::atomic::place::create_folder;
use crate::render::Format;

/// Stands in a path for the name of the report.
const REPORT: &str = "{report}";

/// Where one report goes; without a path, stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: Option<PathBuf>,
    pub(super) format: Format,
}

impl Target {
    /// The files it writes: of rows alone another one beside them.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let about = self.path.as_deref().filter(|_| self.format.is_rows_only()).map(beside);
        self.path.clone().into_iter().chain(about)
    }
}

/// The targets of each report, in the order of the names.
pub(super) fn targets(names: &[&str], outputs: &[PathBuf], format: Option<&str>) -> Result<Vec<Vec<Target>>, Failure> {
    if outputs.is_empty() {
        let format = format_of(format, None)?;
        if names.len() > 1 && !matches!(format, Format::Table | Format::Markdown) {
            let message = format!("{} reports in one stream cannot be told apart", names.len());
            return Err(Failure::usage(message).hinted("give an --output for each, a folder, or --format table"));
        }
        return Ok(names.iter().map(|_| vec![Target { path: None, format }]).collect());
    }
    let are_for_all = outputs.iter().all(|path| is_folder(path) || has_name(path));
    let is_one_each = !outputs.iter().any(|path| is_folder(path) || has_name(path)) && outputs.len() == names.len();
    if names.len() != 1 && !are_for_all && !is_one_each {
        let message = format!("{} reports and {} --output", names.len(), outputs.len());
        let hint = "give one for each, in their order; or a folder (a path that ends in /), or `{report}` in the path";
        return Err(Failure::usage(message).hinted(hint));
    }
    let mut all = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let of_report = |(place, _): &(usize, &PathBuf)| names.len() == 1 || are_for_all || *place == at;
        let mine = outputs.iter().enumerate().filter(of_report);
        all.push(
            mine.map(|(_, path)| target(name, path, format))
                .collect::<Result<Vec<_>, _>>()?,
        );
    }
    let mut paths: Vec<PathBuf> = all.iter().flatten().flat_map(Target::files).collect();
    paths.sort_by_cached_key(|path| real(path));
    match paths.windows(2).find_map(|two| match two {
        [first, second] if real(first) == real(second) => Some(second),
        _ => None,
    }) {
        Some(path) => Err(Failure::usage(format!("{}: is written twice", path.display()))),
        None => Ok(all),
    }
}

/// Makes the folders that outputs name.
pub(super) fn make_folders(outputs: &[PathBuf]) -> Result<(), Failure> {
    for folder in outputs.iter().filter(|path| is_folder(path)) {
        create_folder(folder).map_err(|error| Failure::failed(format!("{}: {error}", folder.display())))?;
    }
    Ok(())
}

/// `<output>.about.json`: what a report whose body is rows only says about itself.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".about.json");
    PathBuf::from(name)
}

pub(in crate::command) fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.to_string_lossy().ends_with('/')
}

fn has_name(path: &Path) -> bool {
    path.to_string_lossy().contains(REPORT)
}

fn target(name: &str, path: &Path, format: Option<&str>) -> Result<Target, Failure> {
    if is_folder(path) {
        let format = format.map_or(Ok(Format::Html), |format| format_of(Some(format), None))?;
        let path = Some(path.join(format!("{name}.{}", format.extension())));
        return Ok(Target { path, format });
    }
    let path = match path.to_str() {
        Some(text) => PathBuf::from(text.replace(REPORT, name)),
        None => path.to_owned(),
    };
    let format = format_of(format, Some(&path))?;
    Ok(Target {
        path: Some(path),
        format,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(names: &[&str], outputs: &[&str], format: Option<&str>) -> Result<Vec<Vec<String>>, String> {
        let outputs: Vec<PathBuf> = outputs.iter().map(PathBuf::from).collect();
        let shown = |target: Target| format!("{} {:?}", target.path.unwrap_or_default().display(), target.format);
        targets(names, &outputs, format)
            .map(|all| {
                all.into_iter()
                    .map(|targets| targets.into_iter().map(shown).collect())
                    .collect()
            })
            .map_err(|failure| failure.message)
    }

    #[test]
    fn every_report_goes_where_its_outputs_say() {
        let two: &[&str] = &["a", "b"];
        let all = |expected: &[&[&str]]| {
            let owned = |targets: &&[&str]| targets.iter().map(|text| (*text).to_owned()).collect();
            Ok(expected.iter().map(owned).collect())
        };
        let none: &[&str] = &[];
        let cases = [
            (
                &["a"] as &[&str],
                &["r.html", "r.xlsx"] as &[&str],
                None,
                all(&[&["r.html Html", "r.xlsx Xlsx"]]),
            ),
            (
                two,
                &["x.csv", "y.json"],
                None,
                all(&[&["x.csv Csv"], &["y.json Json"]]),
            ),
            (two, &["out/"], None, all(&[&["out/a.html Html"], &["out/b.html Html"]])),
            (
                two,
                &["out/", "{report}-06.md"],
                Some("ndjson"),
                all(&[
                    &["out/a.ndjson Ndjson", "a-06.md Ndjson"],
                    &["out/b.ndjson Ndjson", "b-06.md Ndjson"],
                ]),
            ),
            (two, none, Some("table"), all(&[&[" Table"], &[" Table"]])),
            (
                two,
                none,
                Some("csv"),
                Err("2 reports in one stream cannot be told apart".to_owned()),
            ),
            (two, &["x.csv"], None, Err("2 reports and 1 --output".to_owned())),
            (
                two,
                &["x.csv", "out/"],
                None,
                Err("2 reports and 2 --output".to_owned()),
            ),
            (
                &["a"],
                &["x.csv", "x.csv"],
                None,
                Err("x.csv: is written twice".to_owned()),
            ),
            (
                &["a"],
                &["x.html", "./src/../x.html"],
                None,
                Err("./src/../x.html: is written twice".to_owned()),
            ),
            (
                &["a"],
                &["x.csv", "x.csv.about.json"],
                None,
                Err("x.csv.about.json: is written twice".to_owned()),
            ),
        ];
        for (names, outputs, format, expected) in cases {
            assert_eq!(told(names, outputs, format), expected, "{names:?} {outputs:?}");
        }
    }
}
