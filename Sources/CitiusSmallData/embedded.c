// Small tables, within the program itself. Where they come from, and their licences, is in data/SOURCES.md.

#include "CitiusSmallData.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char iris[] = {
#embed "data/iris.csv"
};
static const unsigned char wine[] = {
#embed "data/wine.csv"
};
static const unsigned char digits[] = {
#embed "data/digits.csv.gz"
};
static const unsigned char penguins[] = {
#embed "data/penguins.csv"
};

const citius_small_table citius_iris = {iris, sizeof iris};
const citius_small_table citius_wine = {wine, sizeof wine};
const citius_small_table citius_digits = {digits, sizeof digits};
const citius_small_table citius_penguins = {penguins, sizeof penguins};
