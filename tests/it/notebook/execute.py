"""Executes the notebook that is named first, in its own folder, and prints what its cells gave as one JSON object."""

import json
import pathlib
import sys

import nbclient
import nbformat

path = pathlib.Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
outputs = [output for cell in cells for output in cell.outputs]
kinds = [kind for output in outputs for kind in output.get("data", {})]
print(
    json.dumps(
        {
            "executed": sum(cell.execution_count is not None for cell in cells),
            "cells": len(cells),
            "kept": sum(bool(cell.outputs) for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"),
            "plots": kinds.count("image/png"),
            "tables": [output["data"]["text/plain"].splitlines()[0] for output in outputs if "text/html" in output.get("data", {})],
        }
    )
)
