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

/// What normalization does to each column: y = (x − center)·factor + shift.
typedef struct citius_normalization {
    const float *center;
    const float *factor;
    const float *shift;
} citius_normalization;

/// The microkernels of one instruction set.
typedef struct __attribute__((swift_attr("@Sendable"))) citius_kernels {
    /// The set's name: "baseline" (SSE2 on x86-64, NEON on arm64), "avx2" or "avx512".
    const char *name;

    /// x[r, c] += bias[c] for a row-major [rows, channels] matrix, then max(x, 0) if `rectifies`. NaN stays.
    void (*add_bias)(float *x, const float *bias, ptrdiff_t rows, ptrdiff_t channels, int rectifies);

    /// The largest of `cells` pixels, channel by channel: y[c] = max over i of x[offsets[i] + c]; winner[c] is
    /// the first such i. A NaN wins.
    void (*max_pool)(const float *x, const ptrdiff_t *offsets, ptrdiff_t cells, ptrdiff_t channels, float *y,
                     uint8_t *winner);

    /// One step of gradient descent on `count` weights w with the gradients g and, unless v is null, the
    /// velocities v: v ← momentum·v − rate·g, w ← kept·w + v (Nesterov: kept·w + momentum·v − rate·g).
    void (*sgd_step)(float *w, const float *g, float *v, ptrdiff_t count, citius_step step, float momentum,
                     int is_nesterov);

    /// One step of Adam: m ← m + (g − m)·new1, v ← v + (g² − v)·new2, w ← kept·w − rate·m / (√v + ε). Unless
    /// `largest` is null, it holds the largest v so far, which takes v's place in the last formula.
    void (*adam_step)(float *w, const float *g, float *m, float *v, float *largest, ptrdiff_t count,
                      citius_step step, citius_adam adam);

    /// For each of `width` columns over one row or more: distance[c] = mean − x[0, c] and
    /// squares[c] = Σ (x − mean)², in one pass.
    void (*moments)(const float *x, ptrdiff_t rows, ptrdiff_t width, float *distance, float *squares);

    /// y = (x − center)·factor + shift, then max(y, 0) if `rectifies`. NaN stays.
    void (*normalize)(const float *x, citius_normalization n, ptrdiff_t rows, ptrdiff_t width, int rectifies,
                      float *y);

    /// sums[c] += Σ dy and products[c] += Σ dy·(x − center) over the rows; if `rectifies`, over those with
    /// y > 0 alone.
    void (*normalization_sums)(const float *x, const float *dy, citius_normalization n, ptrdiff_t rows,
                               ptrdiff_t width, int rectifies, float *sums, float *products);

    /// dx = dy·factor + (x − center)·slope + constant; if `rectifies`, with 0 for dy unless y > 0.
    void (*normalization_gradient)(const float *x, const float *dy, citius_normalization n,
                                   const float *slope, const float *constant, ptrdiff_t rows, ptrdiff_t width,
                                   int rectifies, float *dx);
} citius_kernels;

/// The best set that this machine runs, or the one that the environment's CITIUS_ISA names; null if the
/// machine does not run that one or there is no such set.
const citius_kernels *citius_chosen_kernels(void);

/// The set of that name; null if this machine does not run it or there is none.
const citius_kernels *citius_kernels_named(const char *name);

#endif
