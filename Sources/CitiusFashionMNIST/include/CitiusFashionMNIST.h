#ifndef CITIUS_FASHION_MNIST_H
#define CITIUS_FASHION_MNIST_H

#include <stddef.h>

/// A file that lies within the program.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} citius_embedded_file;

/// A file of `data` by its name; without bytes if there is none of that name.
citius_embedded_file citius_fashion_mnist_file(const char *name);

#endif
