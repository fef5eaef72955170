// The few microkernels: one source (kernels.inc), compiled once per instruction set, behind a table of
// function pointers that is chosen once. Everything else is Swift.
#ifndef CITIUS_SIMD_H
#define CITIUS_SIMD_H

#include <stddef.h>
#include <stdint.h>

/// Tells the core that this is a spin loop.
static inline void citius_cpu_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/// The cores that this process may run on, at least 1.
int citius_usable_core_count(void);

/// What every optimizer's step is told.
typedef struct citius_step {
    /// The learning rate, or what the formula makes of it.
    float rate;
    /// The part of a weight that decay leaves.
    float kept;
    /// What gradients are multiplied by.
    float gradient_scale;
    /// Scaled gradients are cut to ±limit; infinite if they are not.
    float limit;
} citius_step;

/// What Adam's step is told beside that: 1 − β₁, 1 − β₂ and ε.
typedef struct citius_adam {
    float new1;
    float new2;
    float epsilon;
} citius_adam;

/// Bounds of results: y ← min(max(y, lower), upper). NaN stays NaN, so that a training that has gone wrong shows. An
/// infinite bound is none: {−∞, ∞} is the identity, {0, ∞} relu, {0, 6} relu6. A gradient passes where y > lower and, if
/// there is an upper bound, y < upper.
typedef struct citius_clamp {
    float lower, upper;
} citius_clamp;

/// What normalization does to each column: y = (x − center)·factor + shift.
typedef struct citius_normalization {
    const float *center;
    const float *factor;
    const float *shift;
} citius_normalization;

/// What normalization does to each row: y = (x − mean) · inverse · scale + offset, where inverse is 1 / √(variance + ε);
/// unless it `centers`, the mean is 0.
typedef struct citius_row_normalization {
    /// [rows, width]
    const float *x;
    ptrdiff_t rows, width;
    /// [width]; null for none.
    const float *scale, *offset;
    float epsilon;
    int centers;
    /// [rows]
    float *means, *inverses;
    float *y;
} citius_row_normalization;

/// A tile of attention's scores: `rows` queries by `columns` keys, whose first key stands at position `first_key` where
/// the first query stands at `first_query`.
typedef struct citius_score_tile {
    float *scores;
    ptrdiff_t rows, columns, stride;
    float scale;
    /// Whether queries see no keys behind them.
    int is_causal;
    ptrdiff_t first_query, first_key;
    /// 0 where a query does not see a key; from one query to the next and from one key to the next. Null for none.
    const uint8_t *mask;
    ptrdiff_t mask_row_stride, mask_column_stride;
} citius_score_tile;

/// What a pool leaves where the clamp behind it lets no gradient of the largest value pass.
#define CITIUS_NO_ARGMAX 255

/// Products of rows, which lie anywhere in x, and a matrix of weights:
///
///     y[r, c] = bias[c] + Σ over s < segment_count, k < segment_length of
///         x[rows[r] + segments[s] + k] · weights[s · segment_length + k, c]
///
/// A convolution's pixels are such rows: with channels last, each row of a window is one segment.
/// The weights lie in blocks of 2 · lanes columns: element [k, c] of block b at b · block_stride +
/// k · weight_stride + c. Columns behind the last are not read.
typedef struct citius_product {
    const float *x;
    const ptrdiff_t *rows;
    ptrdiff_t row_count;
    const ptrdiff_t *segments;
    ptrdiff_t segment_count, segment_length;
    const float *weights;
    ptrdiff_t weight_stride, block_stride;
    ptrdiff_t columns;
    /// Null for none.
    const float *bias;
    citius_clamp clamp;
    /// Whether the products are added to y instead of the bias.
    int accumulates;
    float *y;
    ptrdiff_t y_stride;
} citius_product;

/// The depth of the products that `multiply_by_sparse` computes, at most.
#define CITIUS_SPARSE_DEPTH 256

/// The product of a matrix of many zeros and another one: c ← a · op(b), for a [rows, depth], b [depth, columns] or, if it
/// `transposes_b`, [columns, depth], and c [rows, columns]. For `multiply_by_sparse`: c ← bᵀ · a, for a [depth, rows],
/// b [depth, columns] and c [columns, rows].
typedef struct citius_sparse_product {
    const float *a;
    ptrdiff_t a_stride, rows, depth;
    const float *b;
    ptrdiff_t b_stride, columns;
    int transposes_b;
    float *c;
    ptrdiff_t c_stride;
} citius_sparse_product;

/// The product of citius_product and the largest of four rows each, which are a pool's windows of 2×2: window w's
/// rows begin at w · window_stride + cells[i]. A row of weights follows the other, 2 · lanes apart. y and argmax
/// [windows, columns] as in citius_max_pool.
typedef struct citius_pooled_product {
    const float *x;
    ptrdiff_t cells[4];
    ptrdiff_t window_stride, window_count;
    const ptrdiff_t *segments;
    ptrdiff_t segment_count, segment_length;
    const float *weights;
    ptrdiff_t block_stride;
    ptrdiff_t columns;
    /// Null for none.
    const float *bias;
    citius_clamp clamp;
    float *y;
    /// Null if nobody wants to know.
    uint8_t *argmax;
} citius_pooled_product;

/// The kernel's gradient, of one image:
///
///     sums[s · segment_length + k, o] += Σ over pixels (i, j) of x[i, j, segments[s] + k] · dy[i, j, o]
typedef struct citius_kernel_gradient {
    const float *x;
    ptrdiff_t x_row_stride, x_pixel_stride;
    const float *dy;
    ptrdiff_t dy_row_stride, dy_pixel_stride;
    ptrdiff_t rows, columns, outputs;
    const ptrdiff_t *segments;
    ptrdiff_t segment_count, segment_length;
    float *sums;
    /// From one of its rows to the next.
    ptrdiff_t sums_stride;
} citius_kernel_gradient;

/// The kernel's gradient of one channel of an image behind a pool whose windows of `pool_height` (2 or 3) ×
/// `pool_width` cells have no padding:
///
///     sums[h, w, o] += Σ over windows (i, j) of dy[i, j, o] ·
///         x[i · row_step + argmax's row + h, j · column_step + argmax's column + w]
///
/// and bias_sums[o] += Σ dy[i, j, o]; both without the windows where it is CITIUS_NO_ARGMAX. pool_width + kernel_width − 1
/// is `lanes` at most, and kernel_width 7.
typedef struct citius_argmax_gradient {
    /// Pixels of the channel, one behind the other.
    const float *x;
    ptrdiff_t x_row_stride;
    /// [rows, columns, outputs]
    const float *dy;
    const uint8_t *argmax;
    ptrdiff_t rows, columns, outputs;
    /// Pixels from one window to the next.
    ptrdiff_t row_step, column_step;
    ptrdiff_t pool_height, pool_width, kernel_height, kernel_width;
    float *sums;
    /// From one tap to the next.
    ptrdiff_t sums_stride;
    /// Null if they have been summed already.
    float *bias_sums;
} citius_argmax_gradient;

/// The largest value of windows that follow each other at one distance: y[w, c] = max over i of
/// x[w · window_stride + cells[i] + c], argmax[w, c] = numbers[i] of the first such i. A NaN counts
/// as larger than all. Then y is clamped, and argmax is CITIUS_NO_ARGMAX where the clamp lets no gradient pass.
typedef struct citius_max_pool {
    const float *x;
    ptrdiff_t window_stride, window_count;
    const ptrdiff_t *cells;
    const uint8_t *numbers;
    ptrdiff_t cell_count, channels;
    citius_clamp clamp;
    float *y;
    /// Null if nobody wants to know.
    uint8_t *argmax;
} citius_max_pool;

/// The gradients of pooled values, each to be laid where the value came from; see citius_max_pool.
typedef struct citius_scatter {
    const float *dy;
    const uint8_t *argmax;
    ptrdiff_t window_stride, window_count;
    const ptrdiff_t *cells;
    const uint8_t *numbers;
    ptrdiff_t cell_count, channels;
    int adds;
    float *dz;
} citius_scatter;

/// The outputs of one image through which a gradient flows. A window has `cells` pixels (of a pool; else 1), of which
/// one at most is live for a channel.
typedef struct citius_live_outputs {
    /// [windows, outputs]
    const float *dy;
    /// The live cell of each window, [windows, outputs]; null where there is no pool.
    const uint8_t *argmax;
    /// Without a pool: clamped outputs, of which those are live that let a gradient pass; null if those are whose
    /// gradient is not 0.
    const float *y;
    citius_clamp clamp;
    ptrdiff_t windows, cells, outputs;
    /// Where each window's cell begins in the input, [windows, cells].
    const int32_t *positions;
    /// Room to list the live outputs of some channels, [lanes, windows + lanes] each.
    int32_t *channel_positions;
    float *channel_gradients;
    /// [outputs]: the live gradients are added to it.
    float *bias_sums;
    /// The live outputs by pixel: where each pixel's begin, [windows · cells + 1], their channels and their gradients,
    /// one pixel's behind the other's. There is room for `lanes` more than there are outputs.
    int32_t *pixel_starts, *live_channels;
    float *live_gradients;
} citius_live_outputs;

/// Winograd's output transform of a row of tiles.
typedef struct citius_winograd_output {
    /// The products, [16, tiles, outputs], the first index `frequency_stride` apart.
    const float *m;
    ptrdiff_t frequency_stride, tiles, outputs;
    const float *bias;
    citius_clamp clamp;
    /// Whether each tile becomes its largest value: a pool of 2×2.
    int pools;
    /// Rows of each tile, and columns of the last, that exist: 1 or 2.
    ptrdiff_t rows, last_columns;
    /// [tiles, outputs] if it pools; else pixels of `outputs` elements in two rows.
    float *y;
    ptrdiff_t y_row_stride;
    /// If it pools: as in citius_max_pool; may be null.
    uint8_t *argmax;
} citius_winograd_output;

/// A row of a depthwise convolution: y[j, c] = bias[c] + Σ over taps of x[j · pixel_stride + taps[t] + c] ·
/// weights[t, c], clamped; or of its kernel's gradient: sums[t, c] += Σ over j of x[j · pixel_stride + taps[t] + c] ·
/// y[j, c], where y holds the outputs' gradients.
typedef struct citius_depthwise {
    const float *x;
    ptrdiff_t pixel_stride;
    const ptrdiff_t *taps;
    ptrdiff_t tap_count, columns, channels;
    const float *weights;
    /// Null for none.
    const float *bias;
    citius_clamp clamp;
    float *y;
    float *sums;
} citius_depthwise;

/// The activations that recurrent cells compute in their own pass.
enum citius_activation {
    CITIUS_LINEAR,
    CITIUS_TANH,
    CITIUS_SIGMOID,
    CITIUS_RELU,
    CITIUS_HARD_SIGMOID,
};

/// One step of some rows of a batch through a recurrent cell, behind the products; or its gradient.
typedef struct citius_recurrent_step {
    ptrdiff_t rows, units;
    /// Of `citius_activation`.
    int activation, recurrent_activation;
    /// Rows whose byte is 0 keep their state, and their output, or put out 0 if it `zeroes_masked`. Null: none does.
    const uint8_t *mask;
    ptrdiff_t mask_stride;
    int zeroes_masked;
    /// The input's products of each gate, [rows, gates · units].
    const float *x;
    ptrdiff_t x_stride;
    /// The state's products, with the recurrent bias, [rows, gates · units] one behind the other.
    const float *products;
    /// The states, [rows, units] one behind the other, which become the next.
    float *h, *c;
    /// What the gradient needs: the state before the step, and the gates; null if there will be none.
    float *before;
    ptrdiff_t before_stride;
    float *record;
    ptrdiff_t record_stride;
    /// The output; null if nobody wants it.
    float *y;
    ptrdiff_t y_stride;

    /// The output's gradient; null if there is none.
    const float *dy;
    ptrdiff_t dy_stride;
    /// The gradients of the states after the step become those of the states before it, h's without what comes through
    /// the products.
    float *dh, *dc;
    /// The gradient of x.
    float *dx;
    ptrdiff_t dx_stride;
    const float *c_before;
    ptrdiff_t c_before_stride;
} citius_recurrent_step;

/// The microkernels of one instruction set.
typedef struct __attribute__((swift_attr("@Sendable"))) citius_kernels {
    /// The set's name: "baseline" (SSE2 on x86-64, NEON on arm64), "avx2" or "avx512".
    const char *name;
    /// Floats of a vector.
    ptrdiff_t lanes;

    /// Multiply-adds in registers alone, `rounds` of some chains; returns how many multiplications and additions.
    ptrdiff_t (*multiply_add_loop)(ptrdiff_t rounds);

    /// x[r, c] += bias[c] for a row-major [rows, channels] matrix, clamped.
    void (*add_bias)(float *x, const float *bias, ptrdiff_t rows, ptrdiff_t channels, citius_clamp clamp);

    /// One step of gradient descent on `count` weights w with the gradients g and, unless v is null, the
    /// velocities v: v ← momentum·v − rate·g, w ← kept·w + v (Nesterov: kept·w + momentum·v − rate·g).
    void (*sgd_step)(float *w, const float *g, float *v, ptrdiff_t count, citius_step step, float momentum,
                     int is_nesterov);

    /// One step of Adam: m ← m + (g − m)·new1, v ← v + (g² − v)·new2, w ← kept·w − rate·m / (√v + ε). Unless
    /// `largest` is null, it holds the largest v so far, which takes v's place in the last formula. As in sgd_step, what
    /// is kept becomes 0 where it would be below the smallest normal number.
    void (*adam_step)(float *w, const float *g, float *m, float *v, float *largest, ptrdiff_t count,
                      citius_step step, citius_adam adam);

    /// For each of `width` columns over one row or more: distance[c] = mean − x[0, c] and
    /// squares[c] = Σ (x − mean)², in one pass.
    void (*moments)(const float *x, ptrdiff_t rows, ptrdiff_t width, float *distance, float *squares);

    /// y = (x − center)·factor + shift, clamped.
    void (*normalize)(const float *x, citius_normalization n, ptrdiff_t rows, ptrdiff_t width, citius_clamp clamp,
                      float *y);

    /// sums[c] += Σ dy and products[c] += Σ dy·(x − center) over the rows where the clamp lets the gradient pass.
    void (*normalization_sums)(const float *x, const float *dy, citius_normalization n, ptrdiff_t rows,
                               ptrdiff_t width, citius_clamp clamp, float *sums, float *products);

    /// dx = dy·factor + (x − center)·slope + constant, with 0 for dy where the clamp does not let it pass.
    void (*normalization_gradient)(const float *x, const float *dy, citius_normalization n,
                                   const float *slope, const float *constant, ptrdiff_t rows, ptrdiff_t width,
                                   citius_clamp clamp, float *dx);

    /// sums[c] += Σ over rows of x[r, c].
    void (*add_rows)(const float *x, ptrdiff_t rows, ptrdiff_t channels, float *sums);

    /// dx = dy where the clamp, whose results are y, lets it pass, else 0.
    void (*clamp_gradient)(const float *y, const float *dy, citius_clamp clamp, ptrdiff_t count, float *dx);

    void (*max_pool)(const citius_max_pool *pool);

    /// dz[w · window_stride + cells[i] + c] = dy[w, c] where argmax[w, c] is the cell's number, else 0; added to dz if
    /// `adds`.
    void (*scatter_by_argmax)(const citius_scatter *scatter);

    void (*multiply_rows)(const citius_product *product);
    void (*pooled_product)(const citius_pooled_product *product);
    void (*add_kernel_gradient)(const citius_kernel_gradient *gradient);

    /// Null in the baseline, which has no instruction that looks up.
    void (*add_argmax_gradient)(const citius_argmax_gradient *gradient);

    /// y[c, r] = x[r, c] for row-major matrices.
    void (*transpose)(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, float *y,
                      ptrdiff_t y_stride);

    /// y[r, c] = x[r, c]: what packs a panel of a matrix's columns, where a call for each short row would cost more than
    /// the row.
    void (*copy_columns)(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, float *y,
                         ptrdiff_t y_stride);

    void (*depthwise_row)(const citius_depthwise *row);
    void (*add_depthwise_gradient)(const citius_depthwise *row);

    /// Lists the live outputs by pixel.
    void (*list_live)(const citius_live_outputs *live);

    /// sums[o, s, k] += Σ over channel o's live outputs of gradient · x[position + segments[s] + k], unless sums is null,
    /// and bias_sums; the segment's length must be a multiple of `lanes`. Reads no list. Meanwhile `next_count` floats
    /// from `next` on are fetched into the cache: x is read in no order that the core could foresee.
    void (*add_sparse_kernel_gradient)(const citius_live_outputs *live, const float *x, const ptrdiff_t *segments,
                                       ptrdiff_t segment_count, ptrdiff_t segment_length, float *sums,
                                       const float *next, ptrdiff_t next_count);

    /// dx[position + segments[s] + k] += Σ over the pixel's live channels of gradient · weights[s, channel, k]; the
    /// weights' rows are filled up with zeros to a multiple of `lanes`. Meanwhile `next_count` floats from `next` on are
    /// fetched into the cache, to be written.
    void (*add_sparse_input_gradient)(const citius_live_outputs *live, const float *weights,
                                      const ptrdiff_t *segments, ptrdiff_t segment_count,
                                      ptrdiff_t segment_length, float *dx, const float *next,
                                      ptrdiff_t next_count);

    /// Goes over the elements of a that are not 0 alone.
    void (*multiply_sparse)(const citius_sparse_product *product);
    void (*multiply_by_sparse)(const citius_sparse_product *product);

    /// u = G g Gᵀ of a kernel [3, 3, channels, outputs]: at each of the 16 frequencies a matrix in
    /// citius_product's blocks, with weight_stride 2 · lanes and block_stride channels · 2 · lanes. Of the channels
    /// from `first` to before `end`.
    void (*winograd_kernel)(const float *kernel, ptrdiff_t channels, ptrdiff_t outputs, ptrdiff_t first,
                            ptrdiff_t end, float *u, ptrdiff_t frequency_stride);

    /// v = Bᵀ d B of a row of tiles that begin two pixels apart: [16, tiles, channels].
    void (*winograd_input)(const float *x, ptrdiff_t row_stride, ptrdiff_t channels, ptrdiff_t tiles, float *v,
                           ptrdiff_t frequency_stride);
    void (*winograd_output)(const citius_winograd_output *output);

    /// y[i] = eˣ of x[i]; y may be x. Error below 1.02 units in the last place, as exact as a rounding allows
    /// down to the smallest subnormal number; so for the others, where their bounds are stated.
    void (*exponential)(const float *x, float *y, ptrdiff_t count);
    /// y[i] = ln x[i]; error below 0.83 units.
    void (*logarithm)(const float *x, float *y, ptrdiff_t count);
    /// y[i] = tanh x[i]; error below 1.34 units.
    void (*hyperbolic_tangent)(const float *x, float *y, ptrdiff_t count);
    /// y[i] = 1 / (1 + exp(−x[i])); error below 2.41 units.
    void (*logistic_function)(const float *x, float *y, ptrdiff_t count);
    /// y[i] = erf x[i]; error below 1.34 units.
    void (*error_function)(const float *x, float *y, ptrdiff_t count);

    /// y = exp(x − max) / Σ exp(x − max), or its logarithm, for each row of [rows, classes]; y may be x.
    void (*softmax)(const float *x, ptrdiff_t rows, ptrdiff_t classes, int is_logarithm, float *y);

    /// The softmax of each row of logits and losses[r] = log Σ exp(logit) − logit[r, labels[r]].
    void (*softmax_cross_entropy)(const float *logits, const int32_t *labels, ptrdiff_t rows,
                                  ptrdiff_t classes, float *losses, float *probabilities);

    /// Normalizes rows, and leaves their means and inverse deviations.
    void (*normalize_each_row)(const citius_row_normalization *normalization);

    /// The gradients of x, and, added to the sums unless these are null, of scale and offset [width]. dx may be null.
    void (*normalize_each_row_gradient)(const citius_row_normalization *normalization, const float *dy, float *dx,
                                    float *scale_sums, float *offset_sums);

    /// y = x·Φ(x), or its approximation by tanh, and unless it is null slopes = (x·Φ(x))′.
    void (*gelu)(const float *x, ptrdiff_t count, int is_approximate, float *y, float *slopes);

    /// Makes a tile's scores into exp(score · scale − max), where max[r] is the largest so far, which it raises, and adds
    /// to sums[r] after what they hold was multiplied by decay[r] = exp(former max − max). What a query does not see
    /// becomes 0.
    void (*attend_softmax)(const citius_score_tile *tile, float *max, float *sums, float *decay);

    /// Makes a tile's scores into weights, exp(score · scale − max[r]) · inverses[r], and what `gradients`, of the same
    /// strides, holds of the weights' gradients into those of the scores before they are scaled:
    /// weight · (gradient − deltas[r]) · scale, 0 where a query does not see a key.
    void (*attend_gradient)(const citius_score_tile *tile, const float *max, const float *inverses,
                            const float *deltas, float *gradients);

    /// dots[r] = Σ x[r, c] · y[r, c] over c < width, of rows that are `stride` apart.
    void (*dot_rows)(const float *x, const float *y, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t width, float *dots);
    /// x[r, c] *= factors[r].
    void (*scale_rows)(float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t width, const float *factors);

    /// keep[i] = 1 where a random word of 32 bits is below the threshold, else 0. 64 elements take 16 blocks
    /// of the key's stream 0, from `first` on: element 16·w + b is decided by word w of block b.
    void (*keep_randomly)(uint64_t key, uint64_t first, uint64_t threshold, uint8_t *keep, ptrdiff_t count);

    /// y[i] = x[i]·scale where keep[i] is not 0, else 0.
    void (*mask)(const float *x, const uint8_t *keep, float scale, ptrdiff_t count, float *y);

    /// h ← activation(x + products); kept is h.
    void (*simple_step)(const citius_recurrent_step *step);
    void (*simple_gradient)(const citius_recurrent_step *step);
    /// With i, f and o the recurrent activation of their sums, g the activation of its: c ← f·c + i·g,
    /// h ← o·activation(c). Gates in the order i, f, g, o; kept are these and c.
    void (*lstm_step)(const citius_recurrent_step *step);
    void (*lstm_gradient)(const citius_recurrent_step *step);
    /// With z and r the recurrent activation of their sums: h ← z·h + (1 − z)·activation(x + r·product). Gates in the
    /// order z, r, candidate; kept are these and the third product, which the gradient replaces by its own.
    void (*gru_step)(const citius_recurrent_step *step);
    void (*gru_gradient)(const citius_recurrent_step *step);
} citius_kernels;

/// The best set that this machine runs, or the one that the environment's CITIUS_ISA names; null if the
/// machine does not run that one or there is no such set.
const citius_kernels *citius_chosen_kernels(void);

/// The set of that name; null if this machine does not run it or there is none.
const citius_kernels *citius_kernels_named(const char *name);

/// Products of rows of codes, bytes of 0 to 127, and a matrix of signed bytes, with what makes numbers of them:
///
///     sum[r, c] = starts[c] + Σ over s < segment_count, k < 4 · group_count of
///         x[rows[r] + segments[s] + k] · weights[s, k, c]
///     value[w, c] = clamp(max over the rows r of window w of sum[r, c] · factors[c] + shifts[c])
///
/// Exact until the sum is rounded to a float, whose product and sum are rounded each by itself: every set gives the same
/// bits. All codes of the last group are read; its weights are 0 where a segment has ended. No sum may leave 32 bits:
/// 4 · group_count · segment_count · 127 · 128 and |starts| stay below 2³¹ together.
typedef struct citius_code_product {
    const uint8_t *x;
    const ptrdiff_t *rows;
    /// A multiple of `window`.
    ptrdiff_t row_count;
    const ptrdiff_t *segments;
    ptrdiff_t segment_count, group_count;
    /// In blocks of 2 · lanes columns, `block_stride` apart: for each group of four codes four bytes of each column.
    const int8_t *weights;
    ptrdiff_t block_stride;
    ptrdiff_t columns;
    /// Rows of which the largest sum is kept: 1, or 4.
    ptrdiff_t window;
    /// Of all columns of the blocks.
    const int32_t *starts;
    const float *factors, *shifts;
    citius_clamp clamp;
    /// One of them is null: the values [windows, columns], or the codes nearest to them.
    float *y;
    uint8_t *codes;
} citius_code_product;

/// The microkernels on codes of one instruction set.
typedef struct __attribute__((swift_attr("@Sendable"))) citius_code_kernels {
    /// "baseline", "avx2", "avxvnni" (AVX2 with dot products of bytes), "avx512", "avx512vnni", "dotprod" (arm64's).
    const char *name;
    /// Words of a vector.
    ptrdiff_t lanes;

    void (*multiply_codes)(const citius_code_product *product);

    /// codes[i] = the whole number nearest to x[i] · factor + shift, the even one of two, from 0 to 127; any of these
    /// for NaN.
    void (*quantize)(const float *x, ptrdiff_t count, float factor, float shift, uint8_t *codes);
} citius_code_kernels;

/// The best that goes with the chosen set of the other kernels.
const citius_code_kernels *citius_chosen_code_kernels(void);

/// As citius_kernels_named.
const citius_code_kernels *citius_code_kernels_named(const char *name);

#endif
