"""Results do not depend on which kernel of the linear algebra library the machine picks, nor on its threads."""

import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ({"OPENBLAS_CORETYPE": "Haswell"}, {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "2"})
PRODUCTS = {"dot", "matmul", "einsum", "inner", "vdot", "tensordot"}  # what the library computes for numpy
OPERANDS = 2  # an einsum of so many, without `optimize`, is a loop of numpy's own


def products(source: str) -> list[int]:
    """Lines on which a matrix product stands."""
    nodes = list(ast.walk(ast.parse(source)))
    operators = [node.lineno for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)]
    own = {id(node.func) for node in nodes if isinstance(node, ast.Call) and is_loop(node)}
    calls = [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr in PRODUCTS and id(node) not in own
    ]
    return sorted(operators + calls)


def is_loop(call: ast.Call) -> bool:
    """Whether a call is an einsum that numpy computes itself."""
    return ast.unparse(call.func) == "np.einsum" and len(call.args) == 1 + OPERANDS and not call.keywords


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


def test_an_einsum_of_two_operands_is_the_same_with_two_kernels_and_a_product_is_not():
    """Which is why the one is allowed and the other is not."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        pytest.skip("the kernels that are named are those of another kind of processor")
    source = (
        "import numpy as np; r = np.random.default_rng(1); a, b = r.normal(size=(501, 133)), r.normal(size=(133, 133));"
        "print(np.einsum('sj,ij->si', a, b).sum().hex(), (a @ b).sum().hex())"
    )
    results = [
        subprocess.run(
            [sys.executable, "-c", source], env=os.environ | kernel, capture_output=True, text=True, check=True
        ).stdout.split()
        for kernel in KERNELS
    ]
    assert results[0][0] == results[1][0]
    assert results[0][1] != results[1][1]


def test_a_planted_product_is_found():
    assert products("import numpy as np\na = np.einsum('i,i->', b, c)\nd = np.einsum('i,i,i->', b, c, c)") == [3]
    assert products("import numpy as np\na = np.einsum('i,i->', b, c, optimize=True)\nproduct = np.einsum") == [2, 3]
    assert products("import numpy as np\na = b @ c\nd = np.dot(b, c)") == [2, 3]
