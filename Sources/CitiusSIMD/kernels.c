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

#define SET_NAME "baseline"
#define NAME(x) baseline_##x
#include "set_baseline.inc"
#include "kernels.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SET_NAME "avx2"
#define NAME(x) avx2_##x
#include "set_avx2.inc"
#include "kernels.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define SET_NAME "avx512"
#define NAME(x) avx512_##x
#include "set_avx512.inc"
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
