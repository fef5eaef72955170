#ifndef CITIUS_SMALL_DATA_H
#define CITIUS_SMALL_DATA_H

#include <stddef.h>

/// A table that lies within the program.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} citius_small_table;

extern const citius_small_table citius_iris, citius_wine, citius_digits, citius_penguins;

#endif
