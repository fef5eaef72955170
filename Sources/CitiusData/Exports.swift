// A data set is made of tensors and shuffled by a generator: users of one need the other's names.
@_exported import CitiusTensor
