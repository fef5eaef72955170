@_exported import CitiusTensor
