#include "CitiusSIMD.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "bounds.h"

/// Calls a function with the clamp's bounds as its last argument, a constant.
#define WITH_BOUNDS(clamp, function, ...)                                                  \
    switch (bounds_of(clamp)) {                                                            \
    case UNBOUNDED: function(__VA_ARGS__, UNBOUNDED); break;                               \
    case BOUNDED_BELOW: function(__VA_ARGS__, BOUNDED_BELOW); break;                       \
    case BOUNDED_ON_BOTH_SIDES: function(__VA_ARGS__, BOUNDED_ON_BOTH_SIDES); break;       \
    }

// What every machine of the architecture has: SSE2 on x86-64, NEON on arm64.
#define SET_NAME "baseline"
#define NAME(x) baseline_##x
#define LANES 4
#if defined(__aarch64__)
#define REGISTERS 32
#define HAS_FMA 1
#else
#define REGISTERS 16
#define HAS_FMA 0
#endif
#define HAS_MASKED_LOADS 0
#define HAS_MASKED_STORES 0
#define HAS_SCALING 0
#define HAS_LOOK_UP 0
#include "kernels.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SET_NAME "avx2"
#define NAME(x) avx2_##x
#define LANES 8
#define REGISTERS 16
#define HAS_FMA 1
#define HAS_MASKED_LOADS 1
// There are masked stores, which take dozens of cycles on some cores.
#define HAS_MASKED_STORES 0
#define HAS_SCALING 0
#define HAS_LOOK_UP 1
#include "kernels.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define SET_NAME "avx512"
#define NAME(x) avx512_##x
#define LANES 16
#define REGISTERS 32
#define HAS_FMA 1
#define HAS_MASKED_LOADS 1
#define HAS_MASKED_STORES 1
#define HAS_SCALING 1
#define HAS_LOOK_UP 1
#include "kernels.inc"
#pragma clang attribute pop

#endif

const citius_kernels *citius_kernels_named(const char *name) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (strcmp(name, "avx512") == 0) {
        int runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
        return runs ? &avx512_kernels : NULL;
    }
    if (strcmp(name, "avx2") == 0) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &avx2_kernels : NULL;
    }
#endif
    return strcmp(name, "baseline") == 0 ? &baseline_kernels : NULL;
}

const citius_kernels *citius_chosen_kernels(void) {
    const char *forced = getenv("CITIUS_ISA");
    if (forced) return citius_kernels_named(forced);
    static const char *const from_best[] = {"avx512", "avx2"};
    for (size_t i = 0; i < sizeof from_best / sizeof *from_best; ++i) {
        const citius_kernels *kernels = citius_kernels_named(from_best[i]);
        if (kernels) return kernels;
    }
    return &baseline_kernels;
}
