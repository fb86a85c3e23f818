"""Tampers with a lake in one of many ways, with nothing of the program's own code, and prints what `verify` must say of it.

    tamper.py --list                 the names of the ways, a line each
    tamper.py WAY LAKE OTHER         does it to the lake at LAKE; OTHER is another lake of the same shape

Printed is one JSON object: `word` and `object` of a finding that must be there, `flags` that `verify` needs to see it (an
anchor is `--against`), `heals`: whether the next command that writes mends it, as it mends what a killed run left, and `then`: a
command that must not make it look sound.
"""

import hashlib
import json
import os
import pathlib
import shutil
import sys

WAYS = {}


def way(name, flags=(), heals=False, then=()):
    def keep(function):
        WAYS[name] = (function, list(flags), heals, list(then))
        return function

    return keep


class Lake:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.ledger = self.root / "_ledger"
        self.last = max(int(file.stem) for file in self.ledger.glob("0*.json"))
        self.table = self.root / "activity_logs"
        self.log = self.table / "_delta_log"
        self.data = sorted(self.table.rglob("month=*/*.parquet"), key=lambda file: int(file.name.split("-")[0]))
        self.versions = sorted(int(file.stem) for file in self.log.glob("0*.json"))

    def entry(self, number):
        return self.ledger / f"{number:020}.json"

    def commit(self, version):
        return self.log / f"{version:020}.json"

    def head(self, number):
        digest = hashlib.sha256(self.entry(number).read_bytes()).hexdigest()
        (self.ledger / "head.json").write_text(json.dumps({"sequence": number, "sha256": digest}) + "\n")

    def rechain(self, first, change):
        """Changes the entries from `first` on, each following the one before, as somebody would who knows the format."""
        previous = None
        for number in range(first, self.last + 1):
            value = json.loads(self.entry(number).read_bytes())
            if previous:
                value["previous"] = previous
            change(number, value)
            self.entry(number).write_text(json.dumps(value, indent=2) + "\n")
            previous = hashlib.sha256(self.entry(number).read_bytes()).hexdigest()
        self.head(self.last)


def said(word, lake, path):
    return word, str(path.relative_to(lake.root)) if isinstance(path, pathlib.Path) else path


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


# The ledger


@way("an entry is missing")
def _(lake, _other):
    lake.entry(5).unlink()
    return said("missing", lake, lake.entry(5))


@way("the newest entry is missing")
def _(lake, _other):
    lake.entry(lake.last).unlink()
    return said("invalid", lake, lake.ledger / "head.json")


@way("the newest entry is missing and the head is of the one before")
def _(lake, _other):
    lake.entry(lake.last).unlink()
    lake.head(lake.last - 1)
    return said("unexpected", lake, lake.commit(lake.versions[-1]))


@way("an entry stands there twice")
def _(lake, _other):
    shutil.copy(lake.entry(lake.last), lake.entry(lake.last + 1))
    return said("invalid", lake, lake.entry(lake.last + 1))


@way("two entries have changed places")
def _(lake, _other):
    one, two = lake.entry(5).read_bytes(), lake.entry(6).read_bytes()
    lake.entry(5).write_bytes(two)
    lake.entry(6).write_bytes(one)
    return said("invalid", lake, lake.entry(5))


@way("two entries have changed places and numbers")
def _(lake, _other):
    one, two = (json.loads(lake.entry(number).read_bytes()) for number in (5, 6))
    one["sequence"], two["sequence"] = 6, 5
    lake.entry(5).write_text(json.dumps(two))
    lake.entry(6).write_text(json.dumps(one))
    return said("invalid", lake, lake.entry(5))


for what, content in {
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _data: b"",
    "no UTF-8": lambda data: data.replace(b"sync", b"\xff\xfe").replace(b"import", b"\xff\xfe"),
    "nested without end": lambda _data: b"[" * 200_000,
    "another kind of JSON": lambda _data: b'"entry"\n',
    "of a newer format": lambda data: data.replace(b'"format": 1', b'"format": 99'),
}.items():

    @way(f"an entry is {what}")
    def _(lake, _other, content=content):
        lake.entry(5).write_bytes(content(lake.entry(5).read_bytes()))
        return said("invalid", lake, lake.entry(5))


@way("a byte is added to an entry")
def _(lake, _other):
    lake.entry(5).write_bytes(lake.entry(5).read_bytes() + b"\n")
    return said("invalid", lake, lake.entry(6))


@way("the counts of an entry are edited")
def _(lake, _other):
    value = json.loads(lake.entry(5).read_bytes())
    value["stored"] += 1
    lake.entry(5).write_text(json.dumps(value, indent=2) + "\n")
    return said("invalid", lake, lake.entry(5))


MOST = 2**64 - 1


@way("an entry counts more rows than there can be")
def _(lake, _other):
    value = json.loads(lake.entry(5).read_bytes())
    value["stored"] = MOST
    value["duplicates"] = 1
    lake.entry(5).write_text(json.dumps(value, indent=2) + "\n")
    return said("invalid", lake, lake.entry(5))


@way("a file has more rows by its entry than there can be", flags=["--deep"])
def _(lake, _other):
    def change(number, value):
        if number == 5:
            value["tables"]["activity_logs"]["added"][0]["rows"] = MOST

    lake.rechain(5, change)
    return said("invalid", lake, lake.log)


@way("the head is of the greatest number")
def _(lake, _other):
    (lake.ledger / "head.json").write_text(json.dumps({"sequence": MOST, "sha256": "0" * 64}))
    return said("invalid", lake, lake.ledger / "head.json")


@way("the newest entry is edited and the head with it")
def _(lake, _other):
    lake.rechain(lake.last, lambda _number, value: value.update(run_id="forged"))
    return said("unexpected", lake, lake.commit(lake.versions[-1]))


@way("a row is taken out of the history of an entry and all are chained anew")
def _(lake, _other):
    def change(number, value):
        if number == 5:
            value["stored"] -= 1
            value["received"] -= 1

    lake.rechain(5, change)
    return said("unexpected", lake, lake.commit(5))


@way("an entry names a file outside the lake")
def _(lake, _other):
    def change(number, value):
        if number == lake.last:
            value["tables"]["activity_logs"]["added"][0]["path"] = "../../../../etc/hostname"

    lake.rechain(lake.last, change)
    return said("invalid", lake, "../../../../etc/hostname")


@way("all is chained anew, the logs of the tables with it", flags=["--against"])
def _(lake, _other):
    """A forgery without a flaw: only what was kept elsewhere can tell."""
    newest = lake.entry(lake.last)
    hashes = {}

    def forge(table, version):
        """A commit says the hash of its entry, which is known by now."""
        path = lake.root / table / "_delta_log" / f"{version:020}.json"
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        for action in actions:
            info = action.get("commitInfo", {})
            if "ledgerSequence" in info:
                info["ledgerSha256"] = hashes[info["ledgerSequence"]]
        path.write_text("".join(json.dumps(action) + "\n" for action in actions))
        return hashlib.sha256(path.read_bytes()).hexdigest()

    recorded = set()
    for number in range(1, lake.last + 1):
        value = json.loads(lake.entry(number).read_bytes())
        value["previous"] = hashes.get(number - 1)
        value["run_id"] = "forged"
        for commit in value["delta_commits"]:
            recorded.add((commit["table"], commit["version"]))
            commit["sha256"] = forge(commit["table"], commit["version"])
        lake.entry(number).write_text(json.dumps(value, indent=2) + "\n")
        hashes[number] = hashlib.sha256(lake.entry(number).read_bytes()).hexdigest()
    lake.head(lake.last)
    for path in lake.root.glob("*/_delta_log/0*.json"):
        commit = (path.parts[-3], int(path.stem))
        if commit not in recorded:
            forge(*commit)
    return said("invalid", lake, newest)


@way("the head is garbage")
def _(lake, _other):
    (lake.ledger / "head.json").write_bytes(os.urandom(40))
    return said("invalid", lake, lake.ledger / "head.json")


@way("the head is missing")
def _(lake, _other):
    (lake.ledger / "head.json").unlink()
    return said("missing", lake, lake.ledger / "head.json")


@way("the head is two entries behind")
def _(lake, _other):
    lake.head(lake.last - 2)
    return said("invalid", lake, lake.ledger / "head.json")


@way("the head is of another hash")
def _(lake, _other):
    (lake.ledger / "head.json").write_text(json.dumps({"sequence": lake.last, "sha256": "0" * 64}))
    return said("invalid", lake, lake.ledger / "head.json")


@way("the ledger is of another lake")
def _(lake, other):
    shutil.rmtree(lake.ledger)
    shutil.copytree(other.ledger, lake.ledger)
    return said("unexpected", lake, lake.data[0])


@way("the ledger is missing")
def _(lake, _other):
    shutil.rmtree(lake.ledger)
    return said("missing", lake, "_ledger")


# The data files

for what, place in {
    "at its beginning": lambda _size: 1,
    "in its data": lambda size: size // 3,
    "in its statistics": lambda size: size - 200,
    "in its footer's length": lambda size: size - 6,
    "at its end": lambda size: size - 1,
}.items():

    @way(f"a bit of a data file is flipped {what}")
    def _(lake, _other, place=place):
        flip(lake.data[4], place(lake.data[4].stat().st_size))
        return said("invalid", lake, lake.data[4])


for what, content in {
    "cut": lambda data: data[:-9],
    "empty": lambda _data: b"",
    "longer": lambda data: data + b"\0",
    "text": lambda data: b"x" * len(data),
}.items():

    @way(f"a data file is {what}")
    def _(lake, _other, content=content):
        lake.data[4].write_bytes(content(lake.data[4].read_bytes()))
        return said("invalid", lake, lake.data[4])


@way("a column of a data file is edited beside its JSON", then=["compact"])
def _(lake, _other):
    """Whoever merges it must not take its rows for what was loaded."""
    import duckdb

    path = lake.data[4]
    rows = f"select * replace ('forged' as activity_type) from read_parquet('{path}', hive_partitioning = false)"
    duckdb.sql(f"copy ({rows}) to '{path}.new' (format parquet)")
    os.replace(f"{path}.new", path)
    return said("invalid", lake, path)


@way("a data file is missing")
def _(lake, _other):
    lake.data[4].unlink()
    return said("missing", lake, lake.data[4])


@way("two data files have changed places")
def _(lake, _other):
    one, two = lake.data[3].read_bytes(), lake.data[4].read_bytes()
    lake.data[3].write_bytes(two)
    lake.data[4].write_bytes(one)
    return said("invalid", lake, lake.data[3])


@way("a data file is of another lake")
def _(lake, other):
    shutil.copy(other.data[4], lake.data[4])
    return said("invalid", lake, lake.data[4])


@way("a data file of another lake stands beside")
def _(lake, other):
    place = lake.data[4].parent / other.data[4].name
    shutil.copy(other.data[4], place)
    return said("unexpected", lake, place)


@way("a data file is a link to its bytes elsewhere")
def _(lake, _other):
    elsewhere = lake.root.parent / "elsewhere"
    shutil.move(lake.data[4], elsewhere)
    lake.data[4].symlink_to(elsewhere)
    return said("unexpected", lake, lake.data[4])


@way("a data file is a folder")
def _(lake, _other):
    lake.data[4].unlink()
    lake.data[4].mkdir()
    return said("missing", lake, lake.data[4])


@way("a file has a name that a terminal obeys")
def _(lake, _other):
    (lake.data[4].parent / "9-\x1b[2J\n.parquet").write_bytes(b"")
    return said("unexpected", lake, lake.data[4].parent / "9-\x1b[2J\n.parquet")


@way("a data file is put away and the log of its table tells of it")
def _(lake, _other):
    """What a stranger's DELETE does."""
    gone = str(lake.data[4].relative_to(lake.table))
    version = lake.versions[-1] + 1
    remove = {"remove": {"path": gone, "dataChange": True, "deletionTimestamp": 0}}
    lake.commit(version).write_text(json.dumps({"commitInfo": {"operation": "DELETE"}}) + "\n" + json.dumps(remove) + "\n")
    return said("unexpected", lake, lake.commit(version))


# The logs of the tables


@way("a commit of a table is edited")
def _(lake, _other):
    path = lake.commit(4)
    path.write_text(path.read_text().replace("dataChange", "dataChange", 1) + "\n")
    return said("invalid", lake, path)


@way("the statistics of a commit are edited")
def _(lake, _other):
    path = lake.commit(4)
    path.write_text(path.read_text().replace("minValues", "maxValues", 1))
    return said("invalid", lake, path)


@way("a commit of a table is missing")
def _(lake, _other):
    lake.commit(4).unlink()
    return said("missing", lake, lake.commit(4))


@way("the last two commits of a table are missing")
def _(lake, _other):
    for version in lake.versions[-2:]:
        lake.commit(version).unlink()
    return said("missing", lake, lake.commit(lake.versions[-2]))


@way("the last commit of a table is missing", heals=True)
def _(lake, _other):
    lake.commit(lake.versions[-1]).unlink()
    return said("unfinished", lake, lake.log)


@way("a commit of a table is of another lake")
def _(lake, other):
    shutil.copy(other.commit(4), lake.commit(4))
    return said("invalid", lake, lake.commit(4))


@way("a table is of another lake")
def _(lake, other):
    shutil.rmtree(lake.log)
    shutil.copytree(other.log, lake.log)
    return said("invalid", lake, lake.commit(4))


@way("the log of a table is missing")
def _(lake, _other):
    shutil.rmtree(lake.log)
    return said("invalid", lake, lake.log)


def checkpoint(lake):
    return next(lake.log.glob("*.checkpoint.parquet"))


for what, content in {
    "cut": lambda data: data[: len(data) // 2],
    "text": lambda data: b"x" * len(data),
    "empty": lambda _data: b"",
}.items():

    @way(f"a checkpoint is {what}")
    def _(lake, _other, content=content):
        checkpoint(lake).write_bytes(content(checkpoint(lake).read_bytes()))
        return said("invalid", lake, lake.log)


@way("a checkpoint is of another lake")
def _(lake, other):
    shutil.copy(checkpoint(other), checkpoint(lake))
    return said("unexpected", lake, str(other.data[0].relative_to(other.root)))


@way("the statistics in a checkpoint are edited")
def _(lake, _other):
    """With them edited, whoever looks for a load or a time looks past the file."""
    import duckdb

    path = checkpoint(lake)
    edited = """replace(add.stats, '"load":1', '"load":9')"""
    add = f"case when add is not null then struct_update(add, stats := {edited}) end as add"
    rows = f"select * replace ({add}) from read_parquet('{path}')"
    duckdb.sql(f"copy ({rows}) to '{path}.new' (format parquet)")
    os.replace(f"{path}.new", path)
    return said("invalid", lake, lake.log)


@way("the month of a file in a checkpoint is edited")
def _(lake, _other):
    """With it edited, whoever looks for a month looks past the file."""
    import duckdb

    path = checkpoint(lake)
    edited = "map(['source', 'month'], ['acme', '2024-05'])"
    is_first = f"add.path like '%/{lake.data[0].name}'"
    add = f"case when {is_first} then struct_update(add, partitionValues := {edited}) else add end as add"
    rows = f"select * replace ({add}) from read_parquet('{path}')"
    duckdb.sql(f"copy ({rows}) to '{path}.new' (format parquet)")
    os.replace(f"{path}.new", path)
    return said("invalid", lake, lake.log)


def edit_newest_commit(lake, edit):
    """Of the newest commit, which no entry records yet, what it says of a file that it adds."""
    path = lake.commit(lake.versions[-1])
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            edit(action["add"])
    path.write_text("".join(json.dumps(action) + "\n" for action in actions))
    return said("invalid", lake, lake.log)


@way("the month of a file in the newest commit is edited")
def _(lake, _other):
    return edit_newest_commit(lake, lambda add: add["partitionValues"].update(month="2024-05"))


@way("the statistics of the newest commit are edited")
def _(lake, _other):
    def edit(add):
        stats = json.loads(add["stats"])
        stats["minValues"]["load"] = stats["maxValues"]["load"] = 99
        add["stats"] = json.dumps(stats)

    return edit_newest_commit(lake, edit)


@way("a stranger's checkpoint stands beside the last commit")
def _(lake, other):
    version = lake.versions[-1]
    shutil.copy(checkpoint(other), lake.log / f"{version:020}.checkpoint.parquet")
    hint = {"version": version, "size": 1}
    (lake.log / "_last_checkpoint").write_text(json.dumps(hint))
    return said("unexpected", lake, str(other.data[0].relative_to(other.root)))


# The whole


@way("the lake is an older copy", flags=["--against"])
def _(lake, _other):
    older = lake.root.parent / "older"
    shutil.rmtree(lake.root)
    shutil.copytree(older, lake.root)
    return said("invalid", lake, lake.entry(lake.last))


@way("the lake is another one", flags=["--against"])
def _(lake, other):
    shutil.rmtree(lake.root)
    shutil.copytree(other.root, lake.root)
    return said("invalid", lake, "_ledger")


@way("the warehouse is of another lake", flags=["--deep"])
def _(lake, other):
    shutil.copy(other.root.parent / "warehouse.duckdb", lake.root.parent / "warehouse.duckdb")
    return said("invalid", lake, "warehouse.duckdb")


def main():
    if sys.argv[1] == "--list":
        print("\n".join(WAYS))
        return
    function, flags, heals, then = WAYS[sys.argv[1]]
    word, path = function(Lake(sys.argv[2]), Lake(sys.argv[3]))
    print(json.dumps({"word": word, "object": path, "flags": flags, "heals": heals, "then": then}))


main()
