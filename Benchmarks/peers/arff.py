"""Writes a table of mnist_784's shape, and reads it by liac-arff, the parser of scikit-learn's fetch_openml:

  arff.py write FILE [ROWS]    70,000 × 785 by default: four pixels of five are 0, as in MNIST
  arff.py read FILE            as fetch_openml(parser="liac-arff") does it; needs scikit-learn

Citius's side: citius-bench data --arff FILE.
"""

import resource
import sys
import time

import numpy as np


def write(path, rows=70_000):
    random = np.random.default_rng(1)
    with open(path, "w") as file:
        file.write("@RELATION mnist_784\n\n")
        file.writelines(f"@ATTRIBUTE pixel{index} real\n" for index in range(1, 785))
        file.write("@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}\n\n@DATA\n")
        for _ in range(rows):
            pixels = random.integers(1, 256, 784) * (random.random(784) < 0.2)
            file.write(",".join(map(str, pixels)) + f",{random.integers(10)}\n")


def read(path):
    from sklearn.externals import _arff as arff

    start = time.perf_counter()
    with open(path) as file:
        # As sklearn.datasets._arff_parser: rows as a generator, then one array.
        table = arff.load(file, return_type=arff.DENSE_GEN, encode_nominal=True)
        columns = len(table["attributes"])
        values = np.fromiter((value for row in table["data"] for value in row), dtype="float64").reshape(-1, columns)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"liac-arff: {len(values)} × {columns} in {seconds:.2f} s, {peak:.0f} MB at the peak")


if __name__ == "__main__":
    {"write": lambda: write(sys.argv[2], *map(int, sys.argv[3:])), "read": lambda: read(sys.argv[2])}[sys.argv[1]]()
