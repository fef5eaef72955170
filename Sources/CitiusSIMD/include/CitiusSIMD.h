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

#endif
