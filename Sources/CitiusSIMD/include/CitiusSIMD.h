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
} citius_kernels;

/// The best set that this machine runs, or the one that the environment's CITIUS_ISA names; null if the
/// machine does not run that one or there is no such set.
const citius_kernels *citius_chosen_kernels(void);

/// The set of that name; null if this machine does not run it or there is none.
const citius_kernels *citius_kernels_named(const char *name);

#endif
