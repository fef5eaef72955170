@_exported import CitiusLayers
@_exported import CitiusModels
