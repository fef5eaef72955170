// The kernels' public face: the number of threads and profiles.
@_exported import CitiusKernels
