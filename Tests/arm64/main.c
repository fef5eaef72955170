// The baseline microkernels against their definitions, in C alone: what Scripts/check-arm64 compiles for arm64 and
// runs under an emulator. On the machine itself, the Swift tests say more.

#include "CitiusSIMD.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

static void expect(int condition, const char *what, int detail) {
    if (condition) return;
    printf("failed: %s (%d)\n", what, detail);
    ++failures;
}

static float *random_floats(size_t count) {
    static uint32_t state = 1;
    float *x = malloc(count * sizeof *x);
    for (size_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(int32_t)state / 2147483648.0f;
    }
    return x;
}

static int is_close(double a, double b, double tolerance) { return fabs(a - b) <= tolerance * (1 + fabs(b)); }

enum { BATCH_ROWS = 7, DEPTH = 45 };

static void check_products(const citius_kernels *set) {
    for (int columns = 1; columns <= 40; columns += 3) {
        const ptrdiff_t block = 2 * set->lanes;
        const ptrdiff_t blocks = (columns + block - 1) / block;
        float *x = random_floats(BATCH_ROWS * DEPTH), *weights = random_floats((size_t)(blocks * block * DEPTH));
        float *bias = random_floats((size_t)columns), *y = random_floats((size_t)(BATCH_ROWS * columns));
        ptrdiff_t rows[BATCH_ROWS], segment = 0;
        for (int r = 0; r < BATCH_ROWS; ++r) rows[r] = r * DEPTH;
        citius_product job = {.x = x, .rows = rows, .row_count = BATCH_ROWS, .segments = &segment, .segment_count = 1,
                              .segment_length = DEPTH, .weights = weights, .weight_stride = block,
                              .block_stride = block * DEPTH, .columns = columns, .bias = bias, .clamp = {0, INFINITY}, .y = y,
                              .y_stride = columns};
        set->multiply_rows(&job);
        for (int r = 0; r < BATCH_ROWS; ++r) {
            for (int c = 0; c < columns; ++c) {
                double sum = bias[c];
                for (int k = 0; k < DEPTH; ++k) {
                    sum += (double)x[r * DEPTH + k] * weights[c / block * block * DEPTH + k * block + c % block];
                }
                expect(is_close(y[r * columns + c], sum > 0 ? sum : 0, 1e-5), "multiply_rows", columns);
            }
        }
        free(x), free(weights), free(bias), free(y);
    }
}

/// One image of 8×8 pixels through Winograd's transforms and through the definition, with a pool of 2×2.
static void check_winograd(const citius_kernels *set) {
    enum { SIZE = 8, TILES = 3 };
    for (int channels = 1; channels <= 19; channels += 6) {
        for (int outputs = 1; outputs <= 21; outputs += 5) {
            const ptrdiff_t block = 2 * set->lanes, padded = (outputs + block - 1) / block * block;
            float *x = random_floats((size_t)(SIZE * SIZE * channels));
            float *kernel = random_floats((size_t)(9 * channels * outputs));
            float *bias = random_floats((size_t)outputs);
            float *u = calloc((size_t)(16 * channels * padded), sizeof *u);
            float *v = random_floats((size_t)(16 * TILES * channels)), *m = random_floats((size_t)(16 * TILES * outputs));
            float *y = random_floats((size_t)(TILES * outputs));
            uint8_t argmax[TILES * 21];
            set->winograd_kernel(kernel, channels, outputs, 0, channels, u, channels * padded);
            set->winograd_input(x, SIZE * channels, channels, TILES, v, TILES * channels);
            ptrdiff_t rows[TILES], segment = 0;
            for (int t = 0; t < TILES; ++t) rows[t] = t * channels;
            for (int f = 0; f < 16; ++f) {
                citius_product job = {.x = v + f * TILES * channels, .rows = rows, .row_count = TILES,
                                      .segments = &segment, .segment_count = 1, .segment_length = channels,
                                      .weights = u + f * channels * padded, .weight_stride = block,
                                      .block_stride = channels * block, .columns = outputs,
                                      .clamp = {-INFINITY, INFINITY},
                                      .y = m + f * TILES * outputs, .y_stride = outputs};
                set->multiply_rows(&job);
            }
            citius_winograd_output job = {.m = m, .frequency_stride = TILES * outputs, .tiles = TILES,
                                          .outputs = outputs, .bias = bias, .clamp = {0, INFINITY}, .pools = 1, .rows = 2,
                                          .last_columns = 2, .y = y, .y_row_stride = TILES * outputs, .argmax = argmax};
            set->winograd_output(&job);
            for (int t = 0; t < TILES; ++t) {
                for (int o = 0; o < outputs; ++o) {
                    double best = 0;
                    for (int cell = 0; cell < 4; ++cell) {
                        double sum = bias[o];
                        for (int h = 0; h < 3; ++h) {
                            for (int w = 0; w < 3; ++w) {
                                for (int c = 0; c < channels; ++c) {
                                    int row = cell / 2 + h, column = 2 * t + cell % 2 + w;
                                    sum += (double)x[(row * SIZE + column) * channels + c] *
                                           kernel[((h * 3 + w) * channels + c) * outputs + o];
                                }
                            }
                        }
                        if (sum > best) best = sum;
                    }
                    expect(is_close(y[t * outputs + o], best, 1e-5), "winograd", channels);
                    expect((argmax[t * outputs + o] == CITIUS_NO_ARGMAX) == (y[t * outputs + o] == 0), "argmax", outputs);
                }
            }
            free(x), free(kernel), free(bias), free(u), free(v), free(m), free(y);
        }
    }
}

static void check_functions(const citius_kernels *set) {
    enum { COUNT = 1003 };
    float *x = random_floats(COUNT), y[COUNT];
    for (int i = 0; i < COUNT; ++i) x[i] *= 20;
    set->exponential(x, y, COUNT);
    for (int i = 0; i < COUNT; ++i) expect(fabs(y[i] - exp(x[i])) <= 2e-7 * exp(x[i]), "exponential", i);
    set->hyperbolic_tangent(x, y, COUNT);
    for (int i = 0; i < COUNT; ++i) expect(is_close(y[i], tanh(x[i]), 2e-7), "hyperbolic_tangent", i);
    set->error_function(x, y, COUNT);
    for (int i = 0; i < COUNT; ++i) expect(is_close(y[i], erf(x[i]), 2e-7), "error_function", i);
    set->softmax(x, 17, 59, 0, y);
    for (int row = 0; row < 17; ++row) {
        double sum = 0;
        for (int c = 0; c < 59; ++c) sum += y[row * 59 + c];
        expect(is_close(sum, 1, 1e-6), "softmax", row);
    }
    free(x);
}

static void check_transposition(const citius_kernels *set) {
    enum { ROWS = 37, COLUMNS = 21 };
    float *x = random_floats(ROWS * COLUMNS), y[ROWS * COLUMNS];
    set->transpose(x, COLUMNS, ROWS, COLUMNS, y, ROWS);
    for (int i = 0; i < ROWS * COLUMNS; ++i) {
        expect(y[i % COLUMNS * ROWS + i / COLUMNS] == x[i], "transpose", i);
    }
    free(x);
}

/// Sums of the largest products too, which must neither wrap around nor saturate.
static void check_codes(const citius_code_kernels *set) {
    enum { ROWS = 8, GROUPS = 5, CODES = 4 * GROUPS };
    for (int columns = 1; columns <= 20; columns += 3) {
        for (int window = 1; window <= 4; window += 3) {
            const ptrdiff_t block = 2 * set->lanes, padded = (columns + block - 1) / block * block;
            uint8_t x[ROWS * CODES], codes[ROWS * 20];
            int8_t *weights = malloc((size_t)(CODES * padded));
            int32_t starts[64];
            float factors[64], shifts[64], y[ROWS * 20];
            uint32_t state = 1;
            for (int i = 0; i < ROWS * CODES; ++i) x[i] = i % 3 ? 127 : (state = state * 1664525u + 1013904223u) >> 25;
            for (int i = 0; i < CODES * padded; ++i) {
                weights[i] = i % 5 ? -128 : (int8_t)((state = state * 1664525u + 1013904223u) >> 24);
            }
            for (int c = 0; c < padded; ++c) starts[c] = 7 * c, factors[c] = 0.0005f * (float)(c + 1), shifts[c] = 60;
            ptrdiff_t rows[ROWS], segment = 0;
            for (int r = 0; r < ROWS; ++r) rows[r] = r * CODES;
            citius_code_product job = {.x = x, .rows = rows, .row_count = ROWS, .segments = &segment, .segment_count = 1,
                                       .group_count = GROUPS, .weights = weights, .block_stride = CODES * block,
                                       .columns = columns, .window = window, .starts = starts, .factors = factors,
                                       .shifts = shifts, .clamp = {-INFINITY, INFINITY}, .y = y};
            set->multiply_codes(&job);
            job.y = NULL, job.codes = codes;
            set->multiply_codes(&job);
            for (int w = 0; w < ROWS / window; ++w) {
                for (int c = 0; c < columns; ++c) {
                    int32_t best = INT32_MIN;
                    for (int r = w * window; r < (w + 1) * window; ++r) {
                        int32_t sum = starts[c];
                        for (int k = 0; k < CODES; ++k) {
                            sum += x[r * CODES + k] *
                                   weights[c / block * CODES * block + (k / 4 * block + c % block) * 4 + k % 4];
                        }
                        if (sum > best) best = sum;
                    }
                    volatile float product = (float)best * factors[c];
                    float value = product + shifts[c];
                    expect(y[w * columns + c] == value, "multiply_codes", columns);
                    float code = rintf(value < 0 ? 0 : value > 127 ? 127 : value);
                    expect(codes[w * columns + c] == (uint8_t)code, "codes", columns);
                }
            }
            free(weights);
        }
    }
    printf("codes by %s: %s\n", set->name, failures ? "failed" : "agree with their definition");
}

int main(void) {
    const citius_kernels *set = citius_kernels_named("baseline");
    check_products(set);
    check_winograd(set);
    check_functions(set);
    check_transposition(set);
    static const char *const sets[] = {"baseline", "dotprod"};
    for (int i = 0; i < 2; ++i) {
        const citius_code_kernels *codes = citius_code_kernels_named(sets[i]);
        if (codes) check_codes(codes);
    }
    printf("%s of %d lanes: %s\n", set->name, (int)set->lanes, failures ? "failed" : "agrees with the definitions");
    return failures != 0;
}
