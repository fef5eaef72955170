// Images become tensors and data sets: users of one need the other's names.
@_exported import CitiusData
