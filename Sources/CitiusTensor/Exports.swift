// The kernels' public face: scalar protocols, `require`, the number of threads.
@_exported import CitiusKernels
