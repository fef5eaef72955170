// Some of Fashion-MNIST's images, within the program itself: a resource beside it would be lost when the program
// is moved, and to look for one takes Foundation.

#include "CitiusFashionMNIST.h"
#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char train_images[] = {
#embed "data/train-images-idx3-ubyte.gz"
};
static const unsigned char train_labels[] = {
#embed "data/train-labels-idx1-ubyte.gz"
};
static const unsigned char test_images[] = {
#embed "data/t10k-images-idx3-ubyte.gz"
};
static const unsigned char test_labels[] = {
#embed "data/t10k-labels-idx1-ubyte.gz"
};
// The licence asks to go wherever the images go.
static const unsigned char licence[] = {
#embed "data/LICENSE"
};

citius_embedded_file citius_fashion_mnist_file(const char *name)
{
    static const struct {
        const char *name;
        citius_embedded_file file;
    } files[] = {
        {"train-images-idx3-ubyte", {train_images, sizeof train_images}},
        {"train-labels-idx1-ubyte", {train_labels, sizeof train_labels}},
        {"t10k-images-idx3-ubyte", {test_images, sizeof test_images}},
        {"t10k-labels-idx1-ubyte", {test_labels, sizeof test_labels}},
        {"LICENSE", {licence, sizeof licence}},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(files[i].name, name) == 0) return files[i].file;
    }
    return (citius_embedded_file){0};
}
