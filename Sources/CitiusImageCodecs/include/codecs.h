// JPEG and PNG by libjpeg-turbo and libpng. Both report errors by jumping out of their functions (longjmp), which no
// Swift code may be jumped over by: here an error becomes a result with a sentence.

#ifndef CITIUS_IMAGE_CODECS_H
#define CITIUS_IMAGE_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What is wrong with the bytes of an image, in the library's words.
typedef struct {
    char text[200];
    /// Whether the bytes end too early.
    bool is_truncated;
    /// Whether there is too little memory.
    bool is_out_of_memory;
} citius_image_fault;

/// A JPEG file of which the header is read.
typedef struct citius_jpeg citius_jpeg;

/// Reads a JPEG file's header; null for a fault. The bytes must stay where they are until the file is closed.
citius_jpeg *citius_jpeg_open(const uint8_t *bytes, size_t count, citius_image_fault *fault);
void citius_jpeg_close(citius_jpeg *jpeg);

int citius_jpeg_width(const citius_jpeg *jpeg);
int citius_jpeg_height(const citius_jpeg *jpeg);
/// 1 (grey) or 3: CMYK becomes RGB.
int citius_jpeg_channels(const citius_jpeg *jpeg);

/// Decodes a window of the image, at 1/1, 1/2, 1/4 or 1/8 of its size: the inverse DCT gives fewer pixels then, and takes
/// less time. A size that the divisor does not divide is rounded up. To be called once.
///
/// The window lies within the image of the smaller size. The pixels are those that the whole image has there.
///
/// - Parameters: channels is 1 (grey) or 3 (RGB); pixels has room for height × width × channels bytes.
bool citius_jpeg_read(
    citius_jpeg *jpeg, int divisor, int channels, int left, int top, int width, int height, uint8_t *pixels,
    citius_image_fault *fault);

/// A JPEG file of an image, to be given back to `free`; null where there is too little memory.
///
/// - Parameters: channels is 1 or 3; quality 1 to 100; whether colors are kept at half of the resolution (4:2:0);
///   whether the image comes in scans, each finer than the one before.
uint8_t *citius_jpeg_encode(
    const uint8_t *pixels, int width, int height, int channels, int quality, bool subsamples, bool is_progressive,
    size_t *count);

/// A PNG file of which the header is read.
typedef struct citius_png citius_png;

/// Reads a PNG file's header; null for a fault. The bytes must stay where they are until the file is closed.
citius_png *citius_png_open(const uint8_t *bytes, size_t count, citius_image_fault *fault);
void citius_png_close(citius_png *png);

int citius_png_width(const citius_png *png);
int citius_png_height(const citius_png *png);
/// 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha): a palette is written out.
int citius_png_channels(const citius_png *png);

/// Decodes the image, a byte for each of the channels: of 16 bits the upper ones. To be called once.
bool citius_png_read(citius_png *png, uint8_t *pixels, citius_image_fault *fault);

/// How an image is resized along an axis: output i is the sum over t in starts[i]..<starts[i + 1] of weights[t] times the
/// input at sources[t].
typedef struct {
    int count;
    const int32_t *starts;
    const int32_t *sources;
    const float *weights;
} citius_image_axis;

/// Resizes an image of bytes, rows first, to the nearest bytes.
///
/// - Parameters: scratch has room for input_width × channels + 4 floats; output for rows.count × columns.count × channels.
void citius_image_resize(
    const uint8_t *input, int input_width, int channels, citius_image_axis rows, citius_image_axis columns,
    float *scratch, uint8_t *output);

#endif
