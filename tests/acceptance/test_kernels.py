"""Results do not depend on which kernel of the linear algebra library the machine picks, nor on its threads."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ({"OPENBLAS_CORETYPE": "Haswell"}, {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "2"})
PRODUCTS = {"dot", "matmul", "einsum", "inner", "vdot", "tensordot"}  # what the library computes for numpy


def products(source: str) -> list[int]:
    """Lines on which a matrix product stands."""
    nodes = list(ast.walk(ast.parse(source)))
    operators = [node.lineno for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)]
    calls = [node.lineno for node in nodes if isinstance(node, ast.Attribute) and node.attr in PRODUCTS]
    return sorted(operators + calls)


def test_two_kernels_give_one_result(daily):
    command = [sys.executable, "-W", "error", "-m", "tests.firm_runs", str(daily.catalog), "A,B,C", "{}", ""]
    results = {
        subprocess.run(
            command, cwd=ROOT, env=os.environ | kernel, capture_output=True, text=True, check=True
        ).stdout.strip()
        for kernel in KERNELS
    }
    assert results == {daily.run.summary["result_sha256"]}


@pytest.mark.parametrize("path", sorted((ROOT / "nautilus_ai_firm").rglob("*.py")), ids=lambda path: path.stem)
def test_no_number_comes_from_a_matrix_product(path):
    assert products(path.read_text(encoding="utf-8")) == []


def test_a_planted_product_is_found():
    assert products("import numpy as np\na = b @ c\nd = np.dot(b, c)") == [2, 3]
