#ifndef CITIUS_BOUNDS_H
#define CITIUS_BOUNDS_H

#include "CitiusSIMD.h"

#include <math.h>

/// Which bounds of a clamp are bounds.
enum bounds { UNBOUNDED, BOUNDED_BELOW, BOUNDED_ON_BOTH_SIDES };

static inline enum bounds bounds_of(citius_clamp clamp) {
    if (clamp.upper < INFINITY) return BOUNDED_ON_BOTH_SIDES;
    return clamp.lower > -INFINITY ? BOUNDED_BELOW : UNBOUNDED;
}

#endif
