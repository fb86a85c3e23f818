//! How a pack is checked without this program: in words, and as SQL for a DuckDB shell.

use super::{Made, entry_name, signature_name};
use crate::ledger::Head;

/// The page of the pack that says how.
/// `signer` is the number of the key that has signed the head.
pub(super) fn guide(signer: Option<usize>, head: &Head) -> String {
    let signed = if let Some(signer) = signer {
        format!(
            "\n## Who signed it\n\nEach entry with a `.sig` beside it is signed with Ed25519. The public keys stand in the ledger, and here as\n\
             `ledger/key-1.pem` and so on, the newest last; compare them with the ones you were given in another way. With OpenSSL 3:\n\n\
             ```\nopenssl pkeyutl -verify -pubin -inkey ledger/key-{signer}.pem -rawin -in ledger/{} -sigfile ledger/{}\n```\n",
            entry_name(head.sequence),
            signature_name(head.sequence),
        )
    } else {
        "\n## Who signed it\n\nThe entries of this ledger are not signed.\n".to_owned()
    };
    format!(
        "# How to check this pack\n\n\
         Nothing here needs the program that made it.\n\n\
         ## Nothing in it was changed\n\n```\nsha256sum --check SHA256SUMS\n```\n\n\
         ## The ledger hangs together, and the reports have the rows that the index says\n\n\
         With the command line of [DuckDB](https://duckdb.org), any version from 1.2, in the folder of the pack:\n\n\
         ```\nduckdb < verify.sql\n```\n\n\
         It answers with a table of what is not right, which must have no rows, and one with a verdict, which must be `ok`. It hashes\n\
         every file again, follows the chain of the entries in `ledger/` (each holds the\n\
         SHA-256 of the one before), compares the last with the head that the reports were made from, and counts the rows of each report.\n\n\
         ## It is the ledger that was there then\n\n\
         The newest entry is number {} with the SHA-256\n`{}`.\n\
         Whoever kept that digest elsewhere at the time (a ticket, a git tag, an object lock) can compare the two.\n{signed}\n\
         ## What it does not show\n\n\
         The pack shows what the ledger and the rows say. That the rows are what the service gave is shown by the archive itself:\n\
         `trailhouse verify --deep` reads every record again from the bytes that were received.\n",
        head.sequence, head.sha256,
    )
}

/// Statements for a DuckDB shell in the folder of the pack; one line each, `ok` or what is wrong.
pub(super) fn statements(made: &[Made], head: &Head) -> String {
    let mut counted = String::new();
    for (number, made) in made.iter().enumerate() {
        let name = &made.about.report.name;
        let joint = if number == 0 { "    " } else { "    union all\n    " };
        counted.push_str(&format!(
            "{joint}select 'reports/{name}.csv' as path, {} as expected, count(*) as counted\n    \
             from read_csv('reports/{name}.csv', header = true, all_varchar = true, max_line_size = 20000000,\n    \
             delim = ',', quote = '\"', escape = '\"')\n",
            made.about.rows,
        ));
    }
    format!(
        "-- Run in the folder of the pack: duckdb < verify.sql\n\
         create temp table checks (what varchar, result varchar);\n\n\
         insert into checks\n\
         with lines as (\n    \
             select unnest(string_split(rtrim(content, chr(10)), chr(10))) as line\n    \
             from read_text('SHA256SUMS')\n\
         ),\n\n\
         sums as (\n    select substr(line, 67) as path, left(line, 64) as sha256\n    from lines\n),\n\n\
         files as (\n    \
             select replace(ltrim(filename, './'), chr(92), '/') as path, sha256(content) as sha256\n    \
             from read_blob('**')\n\
         )\n\n\
         select\n    \
             'file ' || coalesce(sums.path, files.path) as what,\n    \
             case\n        \
                 when files.path is null then 'MISSING'\n        \
                 when sums.path is null then 'NOT LISTED'\n        \
                 when sums.sha256 <> files.sha256 then 'CHANGED'\n        \
                 else 'ok'\n    \
             end as result\n\
         from sums\n\
         full join files\n    on sums.path = files.path\n\
         where coalesce(sums.path, files.path) <> 'SHA256SUMS';\n\n\
         insert into checks\n\
         with entries as (\n    \
             select\n        \
                 cast(regexp_extract(filename, '(\\d{{20}})[.]json$', 1) as bigint) as sequence,\n        \
                 sha256(content) as sha256,\n        \
                 json_extract_string(content, '$.previous') as previous\n    \
             from read_text('ledger/*.json')\n    \
             where regexp_matches(filename, '\\d{{20}}[.]json$')\n\
         ),\n\n\
         linked as (\n    \
             select\n        \
                 entries.sequence,\n        \
                 entries.sha256,\n        \
                 entries.previous,\n        \
                 lag(entries.sequence) over (order by entries.sequence) as sequence_before,\n        \
                 lag(entries.sha256) over (order by entries.sequence) as sha256_before\n    \
             from entries\n\
         )\n\n\
         select\n    \
             'ledger entry ' || sequence as what,\n    \
             case\n        \
                 when sequence_before is null then 'ok'\n        \
                 when sequence <> sequence_before + 1 then 'AN ENTRY BEFORE IT IS MISSING'\n        \
                 when previous is distinct from sha256_before then 'DOES NOT FOLLOW THE ONE BEFORE'\n        \
                 else 'ok'\n    \
             end as result\n\
         from linked\n\
         union all\n\
         select\n    \
             'ledger head' as what,\n    \
             case\n        \
                 when arg_max(sha256, sequence) = '{sha256}' and max(sequence) = {sequence} then 'ok'\n        \
                 else 'NOT THE ONE THE REPORTS WERE MADE FROM'\n    \
             end as result\n\
         from linked;\n\n\
         insert into checks\n\
         with counted as (\n{counted})\n\n\
         select\n    \
             'rows of ' || path as what,\n    \
             case when expected = counted then 'ok' else counted || ' INSTEAD OF ' || expected end as result\n\
         from counted;\n\n\
         select\n    what,\n    result\nfrom checks\nwhere result <> 'ok'\norder by what;\n\n\
         select\n    count(*) as checked,\n    count(*) filter (where result = 'ok') as ok,\n    \
         \
         case\n        \
             -- a statement that failed has checked nothing\n        \
             when count(*) filter (where what like 'rows of %') <> {reports} then 'NOT OK'\n        \
             when count(*) filter (where what = 'ledger head') <> 1 then 'NOT OK'\n        \
             when count(*) filter (where what like 'file %') < {reports} then 'NOT OK'\n        \
             when count(*) = count(*) filter (where result = 'ok') then 'ok'\n        \
             else 'NOT OK'\n    \
         end as verdict\nfrom checks;\n",
        reports = made.len(),
        sha256 = head.sha256,
        sequence = head.sequence,
    )
}
