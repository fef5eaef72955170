"""Tables that Python's csv module and pandas read, for the reader of CSV files.

    pip install pandas
    python csv_tables.py     # into ../CitiusTestSupport/Golden/csv_tables.json

A case is a text; the cells that csv.reader finds; and of each column the numbers that pandas.read_csv finds, null where
the column holds none.
"""

import csv
import io
import json
import math
import os
import random

import pandas as pd

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../CitiusTestSupport/Golden/csv_tables.json")


def written(rows, **options):
    out = io.StringIO()
    csv.writer(out, **options).writerows(rows)
    return out.getvalue()


def random_table(seed):
    r = random.Random(seed)
    columns = [
        lambda: str(r.randint(-(10**r.randint(1, 14)), 10**15)),
        lambda: repr(r.uniform(-1, 1) * 10 ** r.randint(-30, 30)),
        lambda: f"{r.gauss(0, 1):.{r.randint(0, 9)}e}",
        lambda: r.choice(["1", "2.5", "", "NA", "-3e2"]),
        lambda: r.choice(["red", 'dark "blue"', "a,b", "two\nlines", "é", " padded ", "null"]),
        lambda: "".join(r.choice('ab,"\n é') for _ in range(r.randint(0, 12))) + "x",
        lambda: r.choice(["True", "False"]),
    ]
    return [[f"c{i}" for i in range(len(columns))]] + [[c() for c in columns] for _ in range(40)]


TEXTS = [
    'a,b,c\n1,2,3\n4,5,6\n',
    'a,b\r\n"1","x, y"\r\n"-2","say ""hi"""\r\n',
    'a,b\n1.5,NA\n,2\nnan,3\n',
    'a,"b\nc"\n"line 1\nline 2",7\n"",8',
    '\ufeffa,b\n1,2\n',
    'a,b\n\n1,2\n\n\n3,4\n\n',
    'a,b\n 1 ,\t2\n3,4 \n',
    'word,n\nit\'s "quoted",1\n5",2\n',
    'a,b\n1e3,+7\n1E-3,007\n.5,5.\n',
    'a,b\ninf,1\n-inf,2\nInfinity,3\n',
]
TEXTS += [written(random_table(seed), lineterminator=end) for seed, end in [(1, "\n"), (2, "\r\n"), (3, "\n")]]
TEXTS += [written(random_table(4), quoting=csv.QUOTE_ALL)]

cases = []
for text in TEXTS:
    plain = text.lstrip("\ufeff")
    cells = [row for row in csv.reader(io.StringIO(plain, newline="")) if row]
    table = pd.read_csv(io.BytesIO(text.encode()))
    numbers = []
    for name in table.columns:
        column = table[name]
        if column.dtype.kind in "if":
            # JSON has no infinities.
            numbers.append([None if math.isnan(v) else repr(float(v)) for v in column])
        else:
            numbers.append(None)
    cases.append({"text": text, "names": cells[0], "cells": cells[1:], "numbers": numbers})

with open(OUT, "w") as file:
    json.dump({"source": f"pandas {pd.__version__}", "cases": cases}, file, ensure_ascii=False)
    file.write("\n")
