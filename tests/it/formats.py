"""Reads every format with readers that are not trailhouse's, and says in JSON what they found."""

import csv
import json
import sys

import duckdb
import openpyxl

folder = sys.argv[1]
csv.field_size_limit(1 << 24)


def rows(relation):
    names = [column[0] for column in relation.description]
    return [dict(zip(names, row)) for row in relation.fetchall()]


with open(f"{folder}/r.csv", newline="", encoding="utf-8") as file:
    found = {"csv": list(csv.DictReader(file))}
book = openpyxl.load_workbook(f"{folder}/r.xlsx")
sheet = [[cell for cell in row] for row in book["Rows"].iter_rows()]
found["xlsx"] = [[cell.value for cell in row] for row in sheet]
found["xlsx_kinds"] = sorted({cell.data_type for row in sheet for cell in row})
found["xlsx_links"] = sum(cell.hyperlink is not None for row in sheet for cell in row)
found["xlsx_about"] = [[cell.value for cell in row] for row in book["About"].iter_rows()]
found["xlsx_sheet"] = [book["Rows"].freeze_panes, book["Rows"].auto_filter.ref]
connection = duckdb.connect()
parquet = f"'{folder}/r.parquet'"
found["parquet"] = rows(connection.execute(f"select * replace (epoch_us(\"at\") as \"at\") from {parquet}"))
found["parquet_types"] = [row[1] for row in connection.execute(f"describe select * from {parquet}").fetchall()]
keys = connection.execute(f"select decode(key), decode(value) from parquet_kv_metadata({parquet})").fetchall()
found["parquet_about"] = {key: value for key, value in keys if key.startswith("trailhouse.")}
found["ndjson"] = rows(connection.execute(f"select * from read_json('{folder}/r.ndjson', format = 'newline_delimited')"))
with open(f"{folder}/r.json", encoding="utf-8") as file:
    found["json"] = json.load(file)
print(json.dumps(found, default=str))
