// The one place that names the BLAS. Another platform's (Accelerate, MKL) is swapped in here.
#include <cblas.h>
#include <lapacke.h>
