// The umbrella: `import Citius` gives all of the library. It exports the rest and holds nothing itself.
@_exported import CitiusAutograd
@_exported import CitiusData
@_exported import CitiusFormats
@_exported import CitiusLayers
@_exported import CitiusModels
@_exported import CitiusOptimizers
@_exported import CitiusTensor
