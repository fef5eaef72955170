#include "CitiusSIMD.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#endif

#include "bounds.h"

// As in kernels.c, and HAS_DOTS: whether one instruction adds four products of bytes to a word.

#define SET_NAME "baseline"
#define NAME(x) baseline_##x
#include "set_baseline.inc"
#define HAS_DOTS 0
#include "vectors.inc"
#include "bytes.inc"

#if defined(__aarch64__)

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define SET_NAME "dotprod"
#define NAME(x) dotprod_##x
#include "set_baseline.inc"
#define HAS_DOTS 1
#include "vectors.inc"
#include "bytes.inc"
#pragma clang attribute pop

#endif

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define SET_NAME "avx2"
#define NAME(x) avx2_##x
#include "set_avx2.inc"
#define HAS_DOTS 0
#include "vectors.inc"
#include "bytes.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avxvnni,avx2,fma"))), apply_to = function)
#define SET_NAME "avxvnni"
#define NAME(x) avxvnni_##x
#include "set_avx2.inc"
#define HAS_DOTS 1
#include "vectors.inc"
#include "bytes.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define SET_NAME "avx512"
#define NAME(x) avx512_##x
#include "set_avx512.inc"
#define HAS_DOTS 0
#include "vectors.inc"
#include "bytes.inc"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512vnni,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define SET_NAME "avx512vnni"
#define NAME(x) avx512vnni_##x
#include "set_avx512.inc"
#define HAS_DOTS 1
#include "vectors.inc"
#include "bytes.inc"
#pragma clang attribute pop

#endif

const citius_code_kernels *citius_code_kernels_named(const char *name) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    int is_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int is_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    if (strcmp(name, "avx512vnni") == 0) {
        return is_avx512 && __builtin_cpu_supports("avx512vnni") ? &avx512vnni_code_kernels : NULL;
    }
    if (strcmp(name, "avx512") == 0) return is_avx512 ? &avx512_code_kernels : NULL;
    if (strcmp(name, "avxvnni") == 0) {
        return is_avx2 && __builtin_cpu_supports("avxvnni") ? &avxvnni_code_kernels : NULL;
    }
    if (strcmp(name, "avx2") == 0) return is_avx2 ? &avx2_code_kernels : NULL;
#elif defined(__aarch64__)
    if (strcmp(name, "dotprod") == 0) {
#if defined(__APPLE__)
        return &dotprod_code_kernels;
#elif defined(__linux__)
        return getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? &dotprod_code_kernels : NULL;
#else
        return NULL;
#endif
    }
#endif
    return strcmp(name, "baseline") == 0 ? &baseline_code_kernels : NULL;
}

const citius_code_kernels *citius_chosen_code_kernels(void) {
    // Each with the set of the other kernels that it goes with.
    static const char *const from_best[][2] = {{"avx512vnni", "avx512"}, {"avx512", "avx512"}, {"avxvnni", "avx2"},
                                               {"avx2", "avx2"},         {"dotprod", "baseline"}};
    const char *forced = getenv("CITIUS_ISA");
    for (size_t i = 0; i < sizeof from_best / sizeof *from_best; ++i) {
        if (forced && strcmp(forced, from_best[i][1]) != 0) continue;
        const citius_code_kernels *kernels = citius_code_kernels_named(from_best[i][0]);
        if (kernels) return kernels;
    }
    return &baseline_code_kernels;
}
