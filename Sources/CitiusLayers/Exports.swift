@_exported import CitiusAutograd
