#include "codecs.h"

#include <string.h>

typedef float float4 __attribute__((ext_vector_type(4)));

static uint8_t nearest_byte(float value) {
    float rounded = value + 0.5f;
    return rounded <= 0 ? 0 : rounded >= 255 ? 255 : (uint8_t)rounded;
}

/// A row of the output's height and the input's width.
static void blend_rows(
    const uint8_t *input, size_t size, const int32_t *sources, const float *weights, int count, float *out
) {
    if (count == 0) {
        memset(out, 0, size * sizeof *out);
        return;
    }
    int t = 0;
    if (count >= 3) {
        const uint8_t *a = input + (size_t)sources[0] * size, *b = input + (size_t)sources[1] * size,
                      *c = input + (size_t)sources[2] * size;
        float u = weights[0], v = weights[1], w = weights[2];
        for (size_t i = 0; i < size; i++) out[i] = (u * (float)a[i] + v * (float)b[i]) + w * (float)c[i];
        t = 3;
    } else {
        const uint8_t *a = input + (size_t)sources[0] * size, *b = input + (size_t)sources[count - 1] * size;
        float u = weights[0], v = count == 2 ? weights[1] : 0;
        for (size_t i = 0; i < size; i++) out[i] = u * (float)a[i] + v * (float)b[i];
        t = count;
    }
    for (; t < count; t++) {
        const uint8_t *a = input + (size_t)sources[t] * size;
        float u = weights[t];
        for (size_t i = 0; i < size; i++) out[i] += u * (float)a[i];
    }
}

/// Pixels of three or four channels, four numbers at a time; what lies behind the third is not written.
__attribute__((always_inline)) static inline void blend_pixels(
    const float *row, int channels, citius_image_axis columns, uint8_t *out
) {
    for (int x = 0; x < columns.count; x++, out += channels) {
        float4 sum = (float4)(0.5f);
        for (int t = columns.starts[x]; t < columns.starts[x + 1]; t++) {
            float4 pixel;
            memcpy(&pixel, row + columns.sources[t] * channels, sizeof pixel);
            sum += columns.weights[t] * pixel;
        }
        // The sum of weights that are not negative is within 0 and 255 up to rounding.
        uint32_t packed = 0;
        for (int c = 0; c < channels; c++) {
            float value = sum[c];
            packed |= (uint32_t)(uint8_t)(value >= 255 ? 255 : (int)value) << (8 * c);
        }
        for (int c = 0; c < channels; c++) out[c] = (uint8_t)(packed >> (8 * c));
    }
}

void citius_image_resize(
    const uint8_t *input, int input_width, int channels, citius_image_axis rows, citius_image_axis columns,
    float *scratch, uint8_t *output
) {
    size_t size = (size_t)input_width * (size_t)channels;
    memset(scratch + size, 0, 4 * sizeof *scratch);
    for (int y = 0; y < rows.count; y++) {
        int start = rows.starts[y];
        blend_rows(input, size, rows.sources + start, rows.weights + start, rows.starts[y + 1] - start, scratch);
        uint8_t *out = output + (size_t)y * (size_t)columns.count * (size_t)channels;
        if (channels == 3) {
            blend_pixels(scratch, 3, columns, out);
        } else if (channels == 4) {
            blend_pixels(scratch, 4, columns, out);
        } else {
            for (int x = 0; x < columns.count; x++) {
                for (int c = 0; c < channels; c++) {
                    float sum = 0;
                    for (int t = columns.starts[x]; t < columns.starts[x + 1]; t++) {
                        sum += columns.weights[t] * scratch[columns.sources[t] * channels + c];
                    }
                    *out++ = nearest_byte(sum);
                }
            }
        }
    }
}
