#include "CitiusSIMD.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__x86_64__)

// The numbers of the bits that are set in a byte, one behind the other in the bytes of a word.
#define BIT(byte, bit) \
    ((uint64_t)((byte) >> (bit) & 1 ? (bit) : 0) << 8 * __builtin_popcount((byte) & ((1 << (bit)) - 1)))
#define ONE(b) BIT(b, 0) | BIT(b, 1) | BIT(b, 2) | BIT(b, 3) | BIT(b, 4) | BIT(b, 5) | BIT(b, 6) | BIT(b, 7)
#define FOUR(b) ONE(b), ONE(b + 1), ONE(b + 2), ONE(b + 3)
#define SIXTEEN(b) FOUR(b), FOUR(b + 4), FOUR(b + 8), FOUR(b + 12)
#define SIXTY_FOUR(b) SIXTEEN(b), SIXTEEN(b + 16), SIXTEEN(b + 32), SIXTEEN(b + 48)
static const uint64_t set_lanes_of_byte[256] = {SIXTY_FOUR(0), SIXTY_FOUR(64), SIXTY_FOUR(128), SIXTY_FOUR(192)};
#undef BIT
#undef ONE
#undef FOUR
#undef SIXTEEN
#undef SIXTY_FOUR

#endif

/// Which bounds of a clamp are bounds.
enum bounds { UNBOUNDED, BOUNDED_BELOW, BOUNDED_ON_BOTH_SIDES };

static inline enum bounds bounds_of(citius_clamp clamp) {
    if (clamp.upper < INFINITY) return BOUNDED_ON_BOTH_SIDES;
    return clamp.lower > -INFINITY ? BOUNDED_BELOW : UNBOUNDED;
}

/// Calls a function with the clamp's bounds as its last argument, a constant.
#define WITH_BOUNDS(clamp, function, ...)                                                  \
    switch (bounds_of(clamp)) {                                                            \
    case UNBOUNDED: function(__VA_ARGS__, UNBOUNDED); break;                               \
    case BOUNDED_BELOW: function(__VA_ARGS__, BOUNDED_BELOW); break;                       \
    case BOUNDED_ON_BOTH_SIDES: function(__VA_ARGS__, BOUNDED_ON_BOTH_SIDES); break;       \
    }

#define SET_NAME "baseline"
#define LANES 4
#define NAME(x) baseline_##x
#include "kernels.inc"
#undef SET_NAME
#undef LANES
#undef NAME

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SET_NAME "avx2"
#define LANES 8
#define NAME(x) avx2_##x
#include "kernels.inc"
#undef SET_NAME
#undef LANES
#undef NAME
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define SET_NAME "avx512"
#define LANES 16
#define NAME(x) avx512_##x
#include "kernels.inc"
#undef SET_NAME
#undef LANES
#undef NAME
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
