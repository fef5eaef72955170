@_exported import CitiusConfiguration
@_exported import CitiusTensor
