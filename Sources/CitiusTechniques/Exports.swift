@_exported import CitiusModels
